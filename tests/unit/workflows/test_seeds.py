from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.core.run_dir import RunDir
from aliquot.core.seeds import GroupDir
from aliquot.errors import InputError, Interrupted, RunError
from aliquot.workflows.pipeline import run
from aliquot.workflows.resume import resume
from aliquot.workflows.seeds import list_seeds
from tests.fixtures.scripted import ScriptedTarget, dies, fails, finishes, stops_when_asked

QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}
GROUP = "20261124-153012-film-reviews-a1b2"


def wrong_with_seed(bad: int):
    """A worker whose tuned model answers nothing readable with one seed."""

    def script(run_dir, argv):
        yield from finishes(run_dir, argv)
        if run_dir.read_spec().training.seed == bad:
            answers = [replace(one, output="?") for one in run_dir.read_predictions("tuned", "test")]
            run_dir.save_predictions("tuned", "test", answers)

    return script


def by_seed(**scripts):
    """Another script for each seed, `finishes` for the rest."""

    def script(run_dir, argv):
        return scripts.get(f"s{run_dir.read_spec().training.seed}", finishes)(run_dir, argv)

    return script


def test_three_seeds_are_trained_on_the_same_rows_and_reported_together(data, surround, runs_dir):
    result = run(data, seeds=3, within=surround(), **QUICK)
    assert [Path(path).name for path in result.runs] == [f"{GROUP}-seed-{seed}" for seed in (0, 1, 2)]
    specs = [RunDir(Path(path)).read_spec() for path in result.runs]
    assert [spec.training.seed for spec in specs] == [0, 1, 2]
    assert specs[0].rows_sha256 == specs[1].rows_sha256 == specs[2].rows_sha256
    assert (result.report.primary.mean, result.report.primary.sd) == (1.0, 0.0)
    assert result.report.consistency.share_all_agree == 1.0
    assert "gave the same answers throughout" in " ".join(result.report.notes)
    assert "beats" in next(one.sentence for one in result.report.comparisons if one.other == "base")
    page = Path(result.report_path).read_text(encoding="utf-8")
    assert all(f"../{GROUP}-seed-{seed}/report.html" in page for seed in (0, 1, 2))
    assert GroupDir(runs_dir / GROUP).find_report() == result.report


def test_what_the_seed_does_not_change_is_computed_once(data, surround, runs_dir, monkeypatch):
    calls = []
    from aliquot.workflows import go_on

    save = go_on.save_baselines
    monkeypatch.setattr(go_on, "save_baselines", lambda run_dir: calls.append(run_dir) or save(run_dir))
    result = run(data, seeds=[4, 7], within=surround(), **QUICK)
    assert len(calls) == 1
    first, second = (RunDir(Path(path)) for path in result.runs)
    shared = GroupDir(runs_dir / GROUP).read().shared_sha256
    assert {"predictions/base.test.jsonl", "predictions/linear.test.jsonl"} <= set(shared)
    assert not any("tuned" in name for name in shared)
    for name in shared:
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_a_seed_that_differs_strongly_is_named_first_hand(data, surround):
    result = run(data, seeds=3, within=surround(wrong_with_seed(1)), **QUICK)
    assert [one.differs for one in result.report.runs][1]
    assert "Seed 1 differs from the others" in result.report.headline
    assert result.report.primary.mean == pytest.approx(2 / 3)
    assert result.report.consistency.share_all_agree == 0.0
    assert result.report.consistency.mean_pairwise == pytest.approx(1 / 3)


def test_a_seed_that_fails_does_not_stop_the_others_and_is_told(data, surround):
    result = run(data, seeds=3, within=surround(by_seed(s1=fails)), **QUICK)
    assert list(result.problems) == [f"{GROUP}-seed-1"]
    assert len(result.report.runs) == 2
    assert "has no result and is not in the mean" in result.report.notes[0]


def test_without_two_results_there_is_nothing_to_report(data, surround):
    with pytest.raises(RunError) as caught:
        run(data, seeds=2, within=surround(fails), **QUICK)
    assert caught.value.code == "seeds_failed"
    assert "aliquot resume" in caught.value.hint


def test_ctrl_c_stops_and_the_same_command_goes_on_without_training_again(data, surround, clock):
    first = surround(ScriptedTarget(by_seed(s1=stops_when_asked)))
    clock.interrupts = [clock.num_waits + 40]
    with pytest.raises(Interrupted) as caught:
        run(data, seeds=2, within=first, **QUICK)
    assert f"aliquot resume {Path(caught.value.hint.split('`')[1].split()[-1])}" in caught.value.hint
    again = surround(ScriptedTarget(finishes))
    result = run(data, seeds=2, within=again, **QUICK)
    assert len(again.target.started) == 1, "the finished seed is not trained again"
    assert len(result.report.runs) == 2
    assert result.group_id == GROUP


def test_resume_last_goes_on_with_the_group(data, surround, runs_dir):
    with pytest.raises(RunError):
        run(data, seeds=3, within=surround(by_seed(s1=dies, s2=dies)), **QUICK)
    within = surround(finishes)
    result = resume("last", within=within)
    assert result.group_id == GROUP
    assert len(within.target.started) == 2
    assert result.problems == {}


def test_a_group_does_not_start_over_as_a_whole(data, surround):
    run(data, seeds=2, within=surround(), **QUICK)
    within = surround()
    with pytest.raises(InputError, match="a group of seeds; a single run can start over"):
        resume(GROUP, from_start=True, within=within)
    assert within.target.started == []


def test_a_group_whose_data_changed_is_refused(data, surround, runs_dir):
    run(data, seeds=2, within=surround(), **QUICK)
    (runs_dir / f"{GROUP}-seed-1").rename(runs_dir / "elsewhere")
    Path(data).write_text(Path(data).read_text() + Path(data).read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="has changed"):
        resume(GROUP, within=surround())


@pytest.mark.parametrize(
    ("given", "first", "seeds"), [(3, None, (0, 1, 2)), (2, 7, (7, 8)), ([9, 1], 5, (9, 1))]
)
def test_seeds_are_a_number_or_a_list(given, first, seeds):
    assert list_seeds(given, first) == seeds


@pytest.mark.parametrize("given", [0, 1, -3, 101, [1], [1, 1], []])
def test_too_few_too_many_and_repeated_seeds_are_refused(given):
    with pytest.raises(InputError, match="2 to 100 different ones"):
        list_seeds(given, None)


def test_several_bases_and_several_seeds_at_a_time_are_refused(data, surround):
    with pytest.raises(InputError, match="one of the two"):
        run(data, base=["smollm2-135m-instruct", "smollm2-360m-instruct"], seeds=2, within=surround())
