"""Bases by data sets by seeds, through the scripted worker."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.core.bench import BenchTask
from aliquot.core.result import EvaluationReport, MetricValue, ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.evaluation.across_bases import rank_models
from aliquot.workflows.bench import bench
from aliquot.workflows.report import report
from aliquot.workflows.resume import resume
from tests.fixtures.reviews import write_reviews
from tests.fixtures.scripted import fails, finishes

QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}
SMALL, LARGE = "smollm2-135m-instruct", "smollm2-360m-instruct"


def worse(base, seed=None):
    """One base gets half of the rows wrong, with every seed or one."""

    def script(run_dir, argv):
        yield from finishes(run_dir, argv)
        spec = run_dir.read_spec()
        if spec.plan.base == base and seed in (None, spec.training.seed):
            answers = run_dir.read_predictions("tuned", "test")
            wrong = [replace(one, output="?") if n % 2 else one for n, one in enumerate(answers)]
            run_dir.save_predictions("tuned", "test", wrong)

    return script


def fails_for(base):
    def script(run_dir, argv):
        return (fails if run_dir.read_spec().plan.base == base else finishes)(run_dir, argv)

    return script


def test_bases_are_compared_on_the_same_rows(data, surround):
    result = bench(data, bases=[SMALL, LARGE], seeds=2, within=surround(worse(SMALL)), **QUICK)
    assert len(result.runs) == 4
    found = result.report
    (task,) = found.tasks
    num_items = task.scores.num_items
    assert task.scores.reference == f"tuned {LARGE}"
    value = task.scores.get_result(f"tuned {SMALL}").primary.value
    assert value == pytest.approx((num_items + 1) // 2 / num_items)
    assert task.seed_values[f"tuned {LARGE}"] == (1.0, 1.0)
    names = {one.model for one in task.scores.results}
    assert {f"untuned {SMALL}", f"untuned {LARGE}", "linear", "majority"} <= names
    assert f"Tuned {LARGE} is best" in found.headline
    assert found.settings_by == "Aliquot's rules"
    page = Path(result.path, "report.html").read_text(encoding="utf-8")
    assert f"on the same {num_items} test rows" in page


def test_equal_bases_are_not_told_apart_and_share_a_rank(data, surround):
    found = bench(data, bases=[SMALL, LARGE], seeds=1, within=surround(), **QUICK).report
    (task,) = found.tasks
    assert set(task.open_to) & {f"tuned {SMALL}", f"tuned {LARGE}"}
    assert [row.mean_rank for row in found.ranking[:2]] == [found.ranking[0].mean_rank] * 2
    assert "cannot be told apart" in found.headline
    assert "One training seed per base" in " ".join(found.notes)


def test_several_files_are_ranked_together(data, tmp_path, surround):
    other = write_reviews(tmp_path / "other.jsonl", seed=2)
    result = bench([data, other], bases=[SMALL], seeds=2, within=surround(), **QUICK)
    found = result.report
    assert [task.name for task in found.tasks] == ["film reviews!.jsonl", "other.jsonl"]
    assert all(len(row.ranks) == 2 for row in found.ranking)
    assert found.ranking[0].mean_rank <= found.ranking[-1].mean_rank
    folder = Path(result.path)
    rows = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert len(rows) == sum(len(task.scores.results) for task in found.tasks)
    assert "Ranks over data sets" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "results.tex").read_text().count("\\begin{table}") == 2
    assert [str(path) for path in report(result.study_id)] == list(result.files)


def test_the_untuned_base_answers_once_for_all_its_seeds(data, surround):
    result = bench(data, bases=[SMALL], seeds=2, within=surround(), **QUICK)
    first, second = (RunDir(Path(path)) for path in result.runs)
    assert first.predictions_path("base", "test").read_bytes() == (
        second.predictions_path("base", "test").read_bytes()
    )


def test_a_base_that_fails_is_told_and_the_others_are_reported(data, surround):
    result = bench(data, bases=[SMALL, LARGE], seeds=1, within=surround(fails_for(LARGE)), **QUICK)
    assert list(result.problems) == [f"film-reviews-{LARGE}-seed-0"]
    assert f"film-reviews-{LARGE}-seed-0 has no result" in result.report.notes[0]
    within = surround()
    again = resume(result.study_id, within=within)
    assert len(within.target.started) == 1
    assert again.report.num_runs == 2


def test_all_is_created_and_nothing_started(data, surround):
    within = surround()
    result = bench(data, bases=[SMALL], seeds=2, create_only=True, within=within, **QUICK)
    assert (within.target.started, len(result.runs)) == ([], 2)


@pytest.mark.parametrize("bases", [[], [SMALL, SMALL]])
def test_no_bases_and_repeated_ones_are_refused(data, surround, bases):
    with pytest.raises(InputError, match="expected different names"):
        bench(data, bases=bases, within=surround())


def task_of(**values):
    results = tuple(
        ModelResult(
            model=name, title=name, split="test", kind="tuned", metrics=(),
            primary=MetricValue(metric="accuracy", value=value, interval=None, num_items=9, unit="share",
                                direction="higher"),
        )
        for name, value in values.items()
    )  # fmt: skip
    scores = EvaluationReport(
        schema_version=1, run_id="x", split="test", num_items=9, task_type="labels", labels=(),
        primary_metric="accuracy", normaliser="labels-1", confidence=0.95, num_resamples=9, seed=0,
        headline="", results=results, comparisons=(),
    )  # fmt: skip
    return BenchTask(name="t", data="t", scores=scores, seed_values={}, open_to=())


def test_mean_ranks_by_hand():
    # First data set: a 1, b and c share (2 + 3) / 2; second: c 1, b 2, a 3. d is missing in one.
    ranking = rank_models([task_of(a=0.9, b=0.5, c=0.5, d=0.1), task_of(a=0.1, b=0.2, c=0.3, d=None)])
    assert [(row.model, row.mean_rank) for row in ranking] == [("c", 1.75), ("a", 2.0), ("b", 2.25)]
    assert ranking[1].ranks == (1.0, 3.0)
