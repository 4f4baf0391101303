"""A learning curve from file to report, with a worker whose tuned model learns by a known law."""

import csv
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from aliquot.core.records import encode_pretty
from aliquot.core.run_dir import RunDir
from aliquot.core.study import StudyDir
from aliquot.errors import InputError, Interrupted
from aliquot.workflows.curve import curve, list_sizes, report_of_curve
from aliquot.workflows.report import report
from aliquot.workflows.resume import resume
from tests.fixtures.reviews import write_reviews
from tests.fixtures.scripted import fails, finishes, stops_when_asked

QUICK = {
    "points": 4,
    "seeds": 1,
    "num_epochs": 1,
    "evaluate.num_resamples": 200,
    "test_fraction": 0.5,
    "validation_fraction": 0.1,
}
STUDY = "20261124-153012-rows-a1b2"


def learns(law):
    """A worker whose tuned model is wrong on a share of the test rows that the training rows decide."""

    def script(run_dir, argv):
        yield from finishes(run_dir, argv)
        spec = run_dir.read_spec()
        error = law(spec.data.get_split("train").num_examples)
        rng = random.Random(spec.training.seed)
        answers = [
            replace(one, output="?") if rng.random() < error else one
            for one in run_dir.read_predictions("tuned", "test")
        ]
        run_dir.save_predictions("tuned", "test", answers)

    return script


@pytest.fixture
def rows(tmp_path):
    return write_reviews(tmp_path / "rows.jsonl", count=400)


def draw(rows, within, **options):
    return curve(rows, within=within, **{**QUICK, **options})


def lines(path, split="train"):
    return {row.line for row in RunDir(Path(path)).read_rows(split)}


def test_five_sizes_and_two_seeds_are_nested_runs_with_the_same_test_and_one_report(rows, surround, runs_dir):
    result = draw(rows, surround(learns(lambda n: 0.05 + 2 / n**0.5)), seeds=2)
    assert len(result.runs) == 8
    for seed in (0, 1):
        chain = [path for path in result.runs if path.endswith(f"seed-{seed}")]
        kept = [lines(path) for path in chain]
        assert [len(one) for one in kept] == [22, 45, 90, 180]
        assert all(fewer < more for fewer, more in pairwise(kept))
        assert len({frozenset(lines(path, "test")) for path in chain}) == 1
        assert len({frozenset(lines(path, "validation")) for path in chain}) == 1
    assert lines(result.runs[0]) != lines(result.runs[4])  # each seed draws its own rows
    found = result.report
    assert (found.sizes, found.seeds) == ((22, 45, 90, 180), (0, 1))
    assert [item.model for item in found.curves] == ["tuned", "linear", "nearest_neighbour", "majority"]
    assert [level.model for level in found.levels][:1] == ["base"]
    assert "About 180 more rows would bring +" in found.headline
    assert StudyDir(runs_dir / STUDY).report_json_path.read_bytes() == encode_pretty(found)
    page = (runs_dir / STUDY / "report.html").read_text(encoding="utf-8")
    assert all(f"../{Path(path).name}/report.html" in page for path in result.runs)
    assert "Training rows" in page
    assert "Viering and Loog 2022" in page
    assert "aliquot curve" in page
    table = list(csv.DictReader((runs_dir / STUDY / "points.csv").read_text(encoding="utf-8").splitlines()))
    tuned = [row for row in table if row["model"] == "tuned"]
    assert [row["num_rows"] for row in tuned] == ["22", "45", "90", "180"]
    assert all(len(row["by_seed"].split()) == 2 for row in tuned)


def test_a_model_that_does_not_learn_is_not_promised_anything_and_the_base_is_asked_once(rows, surround):
    result = draw(rows, surround(learns(lambda n: 0.3)))
    specs = [RunDir(Path(path)).read_spec() for path in result.runs]
    assert [spec.prediction.models for spec in specs].count(("tuned",)) == len(specs) - 1
    assert "base" in specs[3].prediction.models
    assert len({spec.prediction.max_new_tokens for spec in specs}) == 1
    found = result.report
    assert found.curves[0].verdict in ("hardly", "cannot_tell")
    assert "would bring +" not in found.headline
    smallest = RunDir(Path(result.runs[0]))
    said = smallest.read_spec().data
    assert "22 of 180 training rows were kept as asked" in said.split_rule
    assert {finding.code: finding.count for finding in said.findings}["train_rows_left_out"] == 158
    assert "the other 158 are not used" in smallest.report_path.read_text(encoding="utf-8")


def test_three_sizes_are_not_said_to_have_been_fitted(rows, surround, runs_dir):
    result = draw(rows, surround(learns(lambda n: 0.3)), points=3, seeds=1)
    page = (runs_dir / STUDY / "report.html").read_text(encoding="utf-8")
    assert result.report.curves[0].fit is None
    assert "Viering and Loog 2022" not in page and "Data-efficiency factors" not in page
    assert "training seed less" not in page


def test_a_model_that_gets_worse_with_more_rows_is_told(rows, surround):
    found = draw(rows, surround(learns(lambda n: 0.1 + n / 300))).report
    assert found.curves[0].verdict == "falls"
    assert "got worse with more rows" in found.headline


def test_a_second_base_is_tuned_on_the_same_rows(rows, surround):
    result = draw(
        rows, surround(learns(lambda n: 0.05 + 2 / n**0.5)), points=2, against="smollm2-360m-instruct"
    )
    assert len(result.runs) == 4
    found = result.report
    assert [item.base for item in found.curves if item.kind == "tuned"] == [
        found.curves[0].base,
        "smollm2-360m-instruct",
    ]
    assert lines(result.runs[0]) == lines(result.runs[2])
    assert "cannot be told: 2 sizes are too few" in found.headline


def test_a_run_that_fails_leaves_the_others_and_is_told(rows, surround):
    def script(run_dir, argv):
        is_bad = run_dir.run_id.endswith("rows-45-seed-1")
        return (fails if is_bad else learns(lambda n: 0.05 + 2 / n**0.5))(run_dir, argv)

    result = draw(rows, surround(script), seeds=2, points=3)
    assert list(result.problems) == ["rows-45-seed-1"]
    assert [len(point.by_seed) for point in result.report.curves[0].points] == [1, 2, 2]
    assert any("rows-45-seed-1 has no result" in note for note in result.report.notes)


def test_what_was_interrupted_goes_on_with_the_same_command(rows, surround, clock, runs_dir):
    def script(run_dir, argv):
        is_slow = run_dir.run_id.endswith("rows-90-seed-0")
        return (stops_when_asked if is_slow else learns(lambda n: 0.3))(run_dir, argv)

    clock.interrupts = [clock.num_waits + 40]
    with pytest.raises(Interrupted):
        draw(rows, surround(script))
    result = draw(rows, surround(learns(lambda n: 0.3)))
    assert result.study_id == STUDY
    assert not result.problems
    assert len(list(runs_dir.glob("*/study.json"))) == 1


def test_runs_may_be_created_only_and_any_of_them_brought_to_its_end_by_itself(rows, surround, runs_dir):
    result = draw(rows, surround(learns(lambda n: 0.3)), create_only=True)
    assert result.report is None
    assert "4 runs wait" in result.waiting
    resume(result.runs[0], within=surround(learns(lambda n: 0.3)))
    assert report(STUDY, runs_dir=runs_dir)[0] == runs_dir / STUDY / "report.html"
    whole = resume(STUDY, runs_dir=runs_dir, within=surround(learns(lambda n: 0.3)))
    assert [point.num_rows for point in whole.report.curves[0].points] == [22, 45, 90, 180]
    assert report_of_curve(StudyDir(runs_dir / STUDY))


def test_sizes_are_halves_of_one_another_and_none_is_below_ten():
    assert list_sizes(4000, 5) == (250, 500, 1000, 2000, 4000)
    assert list_sizes(41, 5) == (10, 20, 41)
    with pytest.raises(InputError, match="a curve needs 20"):
        list_sizes(15, 5)
    with pytest.raises(InputError, match="Found 1 points"):
        list_sizes(4000, 1)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"seeds": 0}, "seeds_invalid"),
        ({"seeds": [1, 1]}, "seeds_invalid"),
        ({"data.train_rows": 20}, "setting_conflict"),
        ({"train.seed": 3}, "setting_conflict"),
        ({"against": "smollm2-135m-instruct"}, "bases_same"),
        ({"test_fraction": None, "without_test": True}, "setting_conflict"),
    ],
)
def test_what_contradicts_a_curve_is_refused(rows, surround, options, code):
    with pytest.raises(InputError) as caught:
        draw(rows, surround(), **options)
    assert caught.value.code == code
