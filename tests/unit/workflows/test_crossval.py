"""Cross-validation through the scripted worker: every row is test once, and all answers are one test."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.core.crossval import PooledAnswer
from aliquot.core.records import read_records
from aliquot.core.run_dir import RunDir
from aliquot.core.study import StudyDir
from aliquot.errors import InputError, Interrupted, RunError
from aliquot.workflows.crossval import crossval
from aliquot.workflows.report import report
from aliquot.workflows.resume import resume
from tests.fixtures.scripted import ScriptedTarget, fails, finishes, stops_when_asked

QUICK = {"num_epochs": 1, "evaluate.num_resamples": 200}
STUDY = "20261124-153012-film-reviews-a1b2"


def in_cell(**scripts):
    def script(run_dir, argv):
        return scripts.get(f"f{run_dir.run_id[-1]}", finishes)(run_dir, argv)

    return script


def wrong_on(number):
    """A tuned model that gets the first rows of its fold wrong."""

    def script(run_dir, argv):
        yield from finishes(run_dir, argv)
        answers = run_dir.read_predictions("tuned", "test")
        wrong = [replace(one, output="?") if index < number else one for index, one in enumerate(answers)]
        run_dir.save_predictions("tuned", "test", wrong)

    return script


@pytest.fixture
def grouped(tmp_path):
    """Rows of eight films each, with equal rows in two groups."""
    rows = []
    for group in "abc":
        for number in range(8):
            own = {"a": "warm", "b": "warm", "c": f"flat {number}"}[group]
            label = "good" if number % 2 else "bad"
            turns = [("user", f"{own} {number}"), ("assistant", label)]
            messages = [{"role": role, "content": text} for role, text in turns]
            rows.append(json.dumps({"messages": messages, "author": group}))
    path = tmp_path / "films.jsonl"
    path.write_text("\n".join(rows) + "\n")
    return path


def read_pooled(result, model):
    return list(read_records(Path(result.path) / "predictions" / f"{model}.test.jsonl", PooledAnswer))


def test_each_row_is_test_exactly_once(data, surround):
    result = crossval(data, folds=4, within=surround(), **QUICK)
    assert [Path(path).name for path in result.runs] == [f"{STUDY}-fold-{n}" for n in (1, 2, 3, 4)]
    num_lines = len(Path(data).read_text().splitlines())
    for model in ("tuned", "base", "linear"):
        answers = read_pooled(result, model)
        assert Counter(one.line for one in answers) == Counter(range(1, num_lines + 1))
        assert len({one.example_id for one in answers}) == num_lines
    assert result.report.pooled.num_items == result.report.num_rows == num_lines
    assert sum(fold.num_items for fold in result.report.folds) == num_lines
    assert "was test exactly once" in result.report.notes[0]


def test_pooled_figures_by_hand(data, surround):
    # 60 rows in 3 folds of 20: 0, 5 and 1 wrong, so 54 of 60 are right, and folds have 1, 0.75 and 0.95.
    script = in_cell(f2=wrong_on(5), f3=wrong_on(1))
    found = crossval(data, folds=3, within=surround(script), **QUICK).report
    assert [fold.num_items for fold in found.folds] == [20, 20, 20]
    assert [fold.values["tuned"].value for fold in found.folds] == [1.0, 0.75, 0.95]
    tuned = found.pooled.get_result("tuned").primary
    assert tuned.value == pytest.approx(54 / 60)
    # Wilson's interval for 54 of 60: (0.9 + 3.841459 / 120 ± 0.082383) / (1 + 3.841459 / 60).
    assert (tuned.interval.low, tuned.interval.high) == pytest.approx((0.798505, 0.953357), abs=1e-6)
    test = next(one for one in found.pooled.comparisons if one.other == "base")
    assert (test.num_only_model, test.num_only_other, test.test) == (54, 0, "exact McNemar")
    assert test.p_value == pytest.approx(2 * 0.5**54)
    assert "from 0.75 to 1" in " ".join(found.notes)
    assert "no standard error" in " ".join(found.notes)


def test_the_page_and_the_tables_are_written(data, surround):
    result = crossval(data, folds=2, within=surround(), **QUICK)
    page = Path(result.files[0]).read_text(encoding="utf-8")
    assert all(f"../{STUDY}-fold-{n}/report.html" in page for n in (1, 2))
    assert "Bengio and Grandvalet 2004" in page
    assert {"report.html", "report.json", "results.csv", "results.tex"} < {
        Path(path).name for path in result.files
    }
    before = Path(result.files[1]).read_bytes()
    assert [str(path) for path in report(STUDY)] == list(result.files)
    assert Path(result.files[1]).read_bytes() == before


def test_one_group_is_left_out_at_a_time(grouped, surround):
    result = crossval(grouped, by_group=True, within=surround(), group_key="author", **QUICK)
    found = result.report
    assert [fold.held_out for fold in found.folds] == ["a", "b", "c"]
    assert found.pooled.num_items == 24
    answers = read_pooled(result, "tuned")
    assert len({one.example_id for one in answers}) == 24, "equal rows of two groups stay two"
    assert all(one.group == "abc"[int(one.cell_id[-1]) - 1] for one in answers)
    assert not any(one.in_train for one in answers), "the scripted worker marks none"
    notes = " ".join(found.notes)
    assert "there are only 3" in notes
    tests = {one.test for one in found.pooled.comparisons}
    assert all("of groups" in test or "answers" in test for test in tests)


def test_a_row_without_group_would_never_be_test_and_is_refused(grouped, surround):
    grouped.write_text(grouped.read_text().replace(', "author": "c"', "", 1))
    with pytest.raises(InputError, match="1 of 24 rows have no 'author'"):
        crossval(grouped, by_group=True, within=surround(), group_key="author", **QUICK)


def test_answers_swapped_between_folds_are_noticed(data, surround):
    result = crossval(data, folds=2, within=surround(), **QUICK)
    one, other = (RunDir(Path(path)).predictions_path("tuned", "test") for path in result.runs)
    shutil.copy(one, other)
    with pytest.raises(RunError) as caught:
        report(STUDY)
    assert caught.value.code == "predictions_foreign"


def test_rows_of_another_fold_are_noticed(data, surround):
    result = crossval(data, folds=2, within=surround(), **QUICK)
    one, other = (RunDir(Path(path)) for path in result.runs)
    shutil.copy(one.rows_path("test"), other.rows_path("test"))
    with pytest.raises(RunError, match="not those of the other folds") as caught:
        report(STUDY)
    assert caught.value.code == "folds_not_a_partition"


def test_rows_that_are_test_twice_are_noticed(data, surround):
    result = crossval(data, folds=2, create_only=True, within=surround(), **QUICK)
    one, other = (RunDir(Path(path)) for path in result.runs)
    for split in ("train", "validation", "test"):
        shutil.copy(one.rows_path(split), other.rows_path(split))
    with pytest.raises(RunError, match="30 rows are test in more than one fold"):
        resume(STUDY, within=surround())


def test_a_row_that_is_never_test_is_noticed_before_anything_is_trained(data, surround):
    result = crossval(data, folds=2, create_only=True, within=surround(), **QUICK)
    run_dir = RunDir(Path(result.runs[0]))
    first, *rest = run_dir.rows_path("test").read_bytes().splitlines(keepends=True)
    run_dir.rows_path("test").write_bytes(b"".join(rest))
    run_dir.rows_path("train").write_bytes(run_dir.rows_path("train").read_bytes() + first)
    within = surround()
    with pytest.raises(RunError, match="1 rows are test in none of the folds"):
        resume(STUDY, within=within)
    assert within.target.started == []


def test_a_fold_that_fails_comes_before_any_figure(data, surround):
    result = crossval(data, folds=3, within=surround(in_cell(f2=fails)), **QUICK)
    assert result.problems == {"fold-2": "The run failed: Loss became nan."}
    assert result.report.headline.startswith("1 of 3 folds have no result yet: 40 of 60 rows were test.")
    assert not result.report.is_whole


def test_created_runs_are_jobs_of_their_own(data, surround):
    within = surround()
    result = crossval(data, folds=2, create_only=True, within=within, **QUICK)
    assert within.target.started == []
    assert result.report is None
    assert "aliquot resume RUN" in result.waiting
    for path in result.runs:
        resume(path, within=surround())
    again = surround()
    result = resume(STUDY, within=again)
    assert again.target.started == []
    assert result.report.pooled.num_items == 60


def test_killed_and_resumed_is_the_same_as_never_killed(data, surround, clock, runs_dir):
    first = surround(ScriptedTarget(in_cell(f2=stops_when_asked)))
    clock.interrupts = [clock.num_waits + 60]
    with pytest.raises(Interrupted):
        crossval(data, folds=2, within=first, **QUICK)
    again = surround(ScriptedTarget(finishes))
    result = crossval(data, folds=2, within=again, **QUICK)
    assert len(again.target.started) == 1
    whole = crossval(data, folds=2, within=surround(), **QUICK)
    assert whole.study_id != result.study_id
    assert whole.report.pooled.results == result.report.pooled.results
    assert StudyDir(Path(result.path)).read().cells[0].base == "smollm2-135m-instruct"


def test_a_file_with_a_split_of_its_own_is_refused(tmp_path, surround):
    path = tmp_path / "split.jsonl"
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    path.write_text("".join(json.dumps({**row, "split": split}) + "\n" for split in ("train", "test") * 9))
    with pytest.raises(InputError, match="a split of their own"):
        crossval(path, within=surround())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"test_fraction": 0.2}, "says what the test is"),
        ({"folds": 1}, "Found 1 folds"),
        ({"folds": 5, "by_group": True}, "expected one of them"),
        ({"by_group": True}, "nothing says which field"),
    ],
)
def test_what_contradicts_cross_validation_is_refused(data, surround, options, words):
    with pytest.raises(InputError, match=words):
        crossval(data, within=surround(), **options)
