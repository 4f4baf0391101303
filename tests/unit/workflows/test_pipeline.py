from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.core.dataset import DataReport
from aliquot.core.plan import Plan
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, MachineError, ModelError, RunError
from aliquot.workflows.pipeline import run
from aliquot.workflows.progress import RunProgress
from tests.fixtures.scripted import ScriptedTarget, dies, fails

QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}


def test_a_file_becomes_scores_and_a_report(data, surround, told, runs_dir):
    result = run(data, within=surround(), **QUICK)
    assert result.run_id == "20261124-153012-film-reviews-a1b2"
    assert result.state is RunState.FINISHED
    assert result.evaluation.get_result("tuned").primary.value == 1.0
    assert result.evaluation.get_result("base").primary.value == 0.0
    assert {one.model for one in result.evaluation.results} >= {"majority", "nearest_neighbour", "linear"}
    assert (runs_dir / result.run_id / "report.html").is_file()
    kinds = [type(one) for one in told]
    assert kinds.index(DataReport) < kinds.index(Plan) < kinds.index(RunProgress)


def test_the_specification_tells_how_to_get_the_run_again(data, surround):
    result = run(data, within=surround(), num_epochs=1, **{"train.lora_alpha": 64})
    spec = RunDir(Path(result.path)).read_spec()
    assert spec.settings == {"train": {"num_epochs": 1, "lora_alpha": 64}}
    assert spec.command == f"aliquot run '{data}' --num-epochs 1 --set train.lora_alpha=64"
    assert spec.plan.get("train.num_epochs") == 1


def test_a_dry_run_returns_plans_and_creates_nothing(data, surround, runs_dir):
    (plan,) = run(data, within=surround(), dry_run=True)
    assert plan.base == "smollm2-135m-instruct"
    assert not runs_dir.exists()


def test_two_bases_are_tuned_on_the_same_rows_and_compared(data, surround):
    bases = ["smollm2-135m-instruct", "smollm2-360m-instruct"]
    tokens = iter(["aaaa", "bbbb"])
    within = replace(surround(), token=lambda: next(tokens))
    result = run(data, base=bases, within=within, **QUICK)
    assert [one.made_by["base"] for one in result.models] == bases
    (comparison,) = result.report.comparisons
    assert comparison.difference == 0.0
    assert comparison.p_value == 1.0


def test_all_bases_are_planned_before_the_first_is_tuned(data, surround, runs_dir):
    with pytest.raises(InputError, match="No base model"):
        run(data, base=["smollm2-135m-instruct", "nonsense"], within=surround())
    assert not runs_dir.exists()


def test_bad_rows_stop_before_anything_is_fetched(tmp_path, surround):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"messages": []}\n' * 30)
    target = ScriptedTarget()
    with pytest.raises(InputError) as caught:
        run(path, within=surround(target))
    assert caught.value.location.startswith(f"{path}:1")
    assert target.called == []


def test_a_gated_model_is_told_and_nothing_is_made(data, surround, runs_dir):
    gated = ModelError("It is gated.", code="model_gated", hint="Accept the licence.")
    with pytest.raises(ModelError):
        run(data, base="meta/llama", within=surround(prepare_model=gated))
    assert not runs_dir.exists()


def test_a_place_for_runs_that_is_a_file_is_refused_first(data, surround, tmp_path):
    (tmp_path / "taken").write_text("")
    target = ScriptedTarget()
    with pytest.raises(MachineError, match="is a file"):
        run(data, runs_dir=tmp_path / "taken", within=surround(target))
    assert target.called == []


@pytest.mark.parametrize(("script", "code"), [(dies, "worker_gone"), (fails, "loss_not_finite")])
def test_a_run_that_breaks_tells_why_and_leaves_a_report(data, surround, runs_dir, script, code):
    with pytest.raises(RunError) as caught:
        run(data, within=surround(script), **QUICK)
    assert caught.value.code == code
    # By its folder: a name alone would only be found in the usual folder of runs.
    assert f"aliquot resume {runs_dir / '20261124-153012-film-reviews-a1b2'}`" in caught.value.hint
    assert (runs_dir / "20261124-153012-film-reviews-a1b2" / "report.html").is_file()
