from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.config.given import load_given
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.workflows.compare import compare_runs
from aliquot.workflows.crossval import crossval
from aliquot.workflows.pipeline import run
from aliquot.workflows.runs import delete_run, export_run_settings, list_runs, show_run
from tests.fixtures.run_dirs import make_run_dir
from tests.fixtures.scripted import ScriptedTarget, ignores_wishes


@pytest.fixture
def finished(runs_dir):
    runs_dir.mkdir(exist_ok=True)
    run_dir = make_run_dir(runs_dir)
    evaluate_run(run_dir)
    return run_dir


def test_a_run_is_summarised_with_its_result(finished):
    (one,) = list_runs()
    assert (one.state, one.is_interrupted) == (RunState.FINISHED, False)
    assert one.tuned.metric == "accuracy"
    assert (one.step, one.num_steps) == (15, finished.read_spec().training.num_steps)


def test_a_run_whose_worker_is_gone_is_interrupted(fixture_run):
    (one,) = list_runs()
    assert one.state is RunState.RUNNING and one.is_interrupted


def test_a_damaged_run_is_listed_with_its_problem(fixture_run):
    fixture_run.spec_path.write_text("{")
    (one,) = list_runs()
    assert "spec.json" in one.problem


def test_an_empty_folder_has_no_runs(tmp_path):
    assert list_runs(tmp_path / "nothing") == ()


def test_the_details_hold_the_specification(finished):
    details = show_run("last")
    assert details.spec == finished.read_spec()
    assert details.progress.state is RunState.FINISHED


def test_exported_settings_load_again(finished, tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text(export_run_settings("last"))
    assert load_given(path).settings.base == "smollm2-135m-instruct"


def test_a_deleted_run_is_gone(finished, runs_dir):
    assert delete_run(finished.run_id) == finished.run_id
    assert list(runs_dir.iterdir()) == []


def test_a_run_at_work_is_not_deleted(finished, surround):
    target = ScriptedTarget(ignores_wishes)
    target.start(finished, [])
    with pytest.raises(RunError) as caught:
        delete_run(finished.run_id, within=surround(target))
    assert caught.value.code == "run_is_busy"
    assert finished.spec_path.is_file()


def test_a_run_compared_with_a_worse_copy_of_itself_wins(finished, tmp_path):
    other = make_run_dir(tmp_path)
    worse = [replace(one, output="?") for one in other.read_predictions("tuned", "test")]
    other.save_predictions("tuned", "test", worse)
    record = compare_runs([finished.path, other.path])
    (comparison,) = record.comparisons
    assert comparison.difference > 0.5
    assert comparison.p_value < 0.001


def test_runs_with_other_rows_are_not_compared(finished, tmp_path):
    other = make_run_dir(tmp_path, task_type="text")
    with pytest.raises(RunError) as caught:
        compare_runs([finished.path, other.path])
    assert caught.value.code == "runs_differ"


def test_a_run_without_tuned_answers_is_not_compared(finished, tmp_path):
    other = make_run_dir(tmp_path, with_tuned=False)
    with pytest.raises(RunError, match="has not answered"):
        compare_runs([finished.path, other.path])


def test_a_run_is_not_compared_with_itself(finished):
    with pytest.raises(InputError) as caught:
        compare_runs([finished.path, finished.run_id])
    assert caught.value.code == "too_few_runs"


def test_runs_that_belong_together_stand_under_their_name(data, surround, runs_dir):
    group = run(data, seeds=2, num_epochs=1, within=surround(), **{"evaluate.num_resamples": 200})
    listed = list_runs()
    assert [(one.kind, one.part_of) for one in listed] == [("seeds", "")] + [("run", group.group_id)] * 2
    assert (listed[0].step, listed[0].num_steps, listed[0].state) == (2, 2, RunState.FINISHED)


def test_a_study_is_deleted_with_its_runs_and_nothing_else(data, surround, runs_dir, finished):
    study = crossval(data, folds=2, create_only=True, within=surround(), num_epochs=1)
    (head,) = [one for one in list_runs() if one.kind == "folds"]
    assert (head.step, head.num_steps, head.state) == (0, 2, RunState.PLANNED)
    assert delete_run(study.study_id, within=surround()) == study.study_id
    assert [one.run_id for one in list_runs()] == [finished.run_id]


def test_a_damaged_study_is_listed_with_its_problem(data, surround, runs_dir):
    study = crossval(data, folds=2, create_only=True, within=surround(), num_epochs=1)
    (Path(study.path) / "study.json").write_text("{")
    (head,) = [one for one in list_runs() if one.kind == "study"]
    assert "not a readable Study record" in head.problem


def test_a_study_at_work_is_not_deleted(data, surround, runs_dir):
    study = crossval(data, folds=2, create_only=True, within=surround(), num_epochs=1)
    within = surround(ignores_wishes)
    within.target.start(RunDir(Path(study.runs[1])), [])
    with pytest.raises(RunError, match="at work and was not deleted"):
        delete_run(study.study_id, within=within)
    assert all(Path(path).is_dir() for path in study.runs)
