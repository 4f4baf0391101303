"""The core of studies: runs are created first, then brought to their end; one that fails stops no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from aliquot.config.given import load_given
from aliquot.core.records import sha256_file
from aliquot.core.run_dir import RunDir
from aliquot.core.study import Cell
from aliquot.errors import InputError, Interrupted, RunError
from aliquot.workflows.cells import bring_cells_to_end, create_runs, plan_cells
from aliquot.workflows.resume import resume
from aliquot.workflows.study import begin_study, settings_of
from tests.fixtures.scripted import ScriptedTarget, fails, finishes, stops_when_asked

GIVEN = load_given(None, {"train.num_epochs": 1, "evaluate.num_resamples": 200})
STUDY = "20261124-153012-film-reviews-a1b2"


def in_cell(**scripts):
    """Another script for some cells, by the last word of their name; `finishes` for the rest."""

    def script(run_dir, argv):
        return scripts.get(run_dir.run_id.rpartition("-")[2], finishes)(run_dir, argv)

    return script


def cells_of(data, **values):
    sha256 = sha256_file(data)
    return [
        Cell(cell_id=name, values=found, data=str(data), data_sha256=sha256) for name, found in values.items()
    ]


@pytest.fixture
def seeds(data):
    return cells_of(data, a={"train.seed": 3}, b={"train.seed": 4})


@pytest.fixture
def begin(surround, runs_dir):
    def make(cells, script=None):
        within = surround(script)
        study_dir = begin_study(
            "bench", cells, command="aliquot …", settings=settings_of(GIVEN), runs_dir=runs_dir, within=within
        )
        create_runs(study_dir, plan_cells(study_dir, within), within)
        return study_dir, within

    return make


def test_every_run_exists_before_the_first_is_started(seeds, begin):
    study_dir, within = begin(seeds)
    study = study_dir.read()
    assert [cell.run_id for cell in study.cells] == [f"{STUDY}-a", f"{STUDY}-b"]
    runs = [RunDir(study_dir.run_path(cell)) for cell in study.cells]
    assert [run.read_spec().training.seed for run in runs] == [3, 4]
    assert [run.state().value for run in runs] == ["planned", "planned"]
    assert within.target.started == []
    choices = [choice for run in runs for choice in run.read_spec().plan.choices]
    assert {one.set_by for one in choices if one.name == "train.seed"} == {"study"}


def test_a_cell_is_a_job_of_its_own(seeds, begin, surround):
    study_dir, _ = begin(seeds)
    resume(f"{STUDY}-b", within=surround())
    again = surround()
    bring_cells_to_end(study_dir, again, lambda _: None)
    assert len(again.target.started) == 1, "what was done elsewhere is not done again"


def test_what_a_worker_ended_with_nobody_watching_is_scored(seeds, begin, surround):
    study_dir, within = begin(seeds)
    bring_cells_to_end(study_dir, within, lambda _: None)
    first = RunDir(study_dir.run_path(study_dir.read().cells[0]))
    report = first.find_report()
    (first.scores_path.with_name("report.json")).unlink()
    again = surround()
    bring_cells_to_end(study_dir, again, lambda _: None)
    assert again.target.started == []
    assert first.find_report() == report


def test_answers_of_the_untuned_are_computed_once_and_known_by_their_hash(seeds, begin):
    study_dir, within = begin(seeds)
    study = bring_cells_to_end(study_dir, within, lambda _: None)
    assert f"{STUDY}-b/predictions/base.test.jsonl" in study.shared_sha256
    for name, sha256 in study.shared_sha256.items():
        assert sha256_file(study_dir.path.parent / name) == sha256
        assert "tuned" not in name


def test_the_base_is_shared_where_only_training_rows_differ(data, begin):
    study_dir, within = begin(cells_of(data, a={}, b={"data.validation_fraction": 0.3}))
    study = bring_cells_to_end(study_dir, within, lambda _: None)
    assert list(study.shared_sha256) == [f"{STUDY}-b/predictions/base.test.jsonl"]


def test_nothing_is_shared_where_test_rows_differ(data, begin):
    study_dir, within = begin(cells_of(data, a={"data.fold": "1/3"}, b={"data.fold": "2/3"}))
    assert bring_cells_to_end(study_dir, within, lambda _: None).shared_sha256 == {}


def test_a_cell_that_fails_stops_no_other_and_is_tried_again(seeds, begin, surround):
    study_dir, within = begin(seeds, in_cell(a=fails))
    seen = []
    study = bring_cells_to_end(study_dir, within, seen.append)
    assert [cell.problem for cell in study.cells] == ["The run failed: Loss became nan.", ""]
    assert len(seen) == 2
    study = bring_cells_to_end(study_dir, surround(), lambda _: None)
    assert [cell.problem for cell in study.cells] == ["", ""]


def test_without_any_result_the_first_problem_is_told(seeds, begin):
    study_dir, within = begin(seeds, fails)
    with pytest.raises(RunError, match="None of the 2 cells has a result: The run failed") as caught:
        bring_cells_to_end(study_dir, within, lambda _: None)
    assert caught.value.code == "study_failed"


def test_a_cell_that_cannot_be_planned_keeps_no_other_from_being_created(data, begin):
    study_dir, within = begin(cells_of(data, a={"data.held_out_group": "x"}, b={}))
    first, second = study_dir.read().cells
    assert "data.group_key is not" in first.problem
    assert study_dir.run_path(second).is_dir()
    assert not study_dir.run_path(first).exists()
    study = bring_cells_to_end(study_dir, within, lambda _: None)
    assert [bool(cell.problem) for cell in study.cells] == [True, False]


def test_where_no_cell_can_be_planned_the_error_is_raised(data, begin):
    with pytest.raises(InputError, match=r"data\.group_key is not"):
        begin(cells_of(data, a={"data.held_out_group": "x"}))


def test_ctrl_c_keeps_what_was_done_and_the_same_study_goes_on(seeds, begin, clock, runs_dir, surround):
    study_dir, within = begin(seeds, ScriptedTarget(in_cell(b=stops_when_asked)))
    clock.interrupts = [clock.num_waits + 40]
    with pytest.raises(Interrupted, match="b was at work; cells that have ended stay") as caught:
        bring_cells_to_end(study_dir, within, lambda _: None)
    assert f"aliquot resume {study_dir.path}" in caught.value.hint
    again, within = begin(seeds)
    assert again == study_dir
    bring_cells_to_end(again, within, lambda _: None)
    assert len(within.target.started) == 1


def test_a_finished_study_is_not_gone_on_with(seeds, begin, clock):
    study_dir, within = begin(seeds)
    bring_cells_to_end(study_dir, within, lambda _: None)
    again, _ = begin(seeds)
    assert again != study_dir


def test_changed_data_is_refused(data, begin):
    cells = cells_of(data, a={})
    Path(data).write_text(Path(data).read_text() * 2)
    with pytest.raises(InputError, match="has changed since this study was begun"):
        begin(cells)


@pytest.mark.parametrize("count", [0, 1001])
def test_no_cells_and_too_many_are_refused(data, begin, count):
    (cell,) = cells_of(data, a={})
    with pytest.raises(InputError, match=f"Found {count:,} runs for one study"):
        begin([replace(cell, cell_id=str(number)) for number in range(count)])
