from dataclasses import replace

import pytest

from aliquot.core.run import Event, RunState
from aliquot.export.progress import find_progress
from aliquot.export.record import read_record


def _event(second, kind, **data):
    return Event(
        sequence=1, at=f"2026-11-05T10:{second // 60:02d}:{second % 60:02d}+00:00", kind=kind, data=data
    )


def _stages(record):
    return {stage.key: stage for stage in find_progress(record).stages}


def test_of_a_plan_only_the_check_is_done(scored_run):
    progress = find_progress(read_record(scored_run(state="planned")))
    assert [stage.key for stage in progress.stages if stage.state == "done"] == ["check"]
    assert (progress.now, progress.seconds_left) == (None, None)
    assert progress.as_of == "2026-11-05T09:30:00Z"


def test_in_training_the_share_is_that_of_the_steps(scored_run):
    progress = find_progress(read_record(scored_run(state="running")))
    assert progress.now
    assert (progress.now.key, progress.now.detail) == ("train", "step 7 of 15")
    assert progress.now.share == pytest.approx(7 / 15)


def test_a_finished_run_has_every_stage_done(scored_run):
    progress = find_progress(read_record(scored_run()))
    assert {stage.state for stage in progress.stages} == {"done"}
    assert progress.seconds_left is None


def test_time_left_is_the_pace_of_the_last_steps_and_the_plan_for_what_has_not_begun(scored_run):
    events = (
        _event(0, "state", state="running"),
        _event(0, "stage", name="train", title=""),
        *(_event(2 * step, "step", step=step, loss=1.0) for step in range(1, 6)),
    )
    record = replace(read_record(scored_run(state="running")), events=events)
    # 10 of 15 steps at 2 s each, and the tuned model's third of the 8 s planned for answers.
    assert find_progress(record).seconds_left == pytest.approx(20 + 8 / 3)


def test_a_pause_before_a_resume_does_not_slow_the_pace(scored_run):
    events = (
        _event(0, "state", state="running"),
        *(_event(step, "step", step=step, loss=1.0) for step in range(1, 6)),
        _event(1000, "state", state="running"),
        _event(1000, "stage", name="train", title=""),
        *(_event(1000 + step, "step", step=step, loss=1.0) for step in range(6, 11)),
    )
    record = replace(read_record(scored_run(state="running")), events=events)
    assert find_progress(record).seconds_left == pytest.approx(5 + 8 / 3)


def test_answers_in_progress_are_timed_by_their_reports(scored_run):
    events = (
        _event(0, "state", state="running"),
        _event(1, "stage", name="predict:tuned", title=""),
        _event(10, "progress", stage="predict tuned", done=10, total=40),
        _event(20, "progress", stage="predict tuned", done=20, total=40),
    )
    record = read_record(scored_run(state="running"))
    stage = _stages(replace(record, events=events))["predict tuned"]
    assert (stage.state, stage.share, stage.detail) == ("now", 0.5, "row 20 of 40")


def test_a_failure_is_told_in_the_words_of_the_worker(scored_run):
    event = _event(1, "state", state="failed", message="No space left.", hint="Free some.")
    record = replace(read_record(scored_run(state="running")), events=(event,), state=RunState.FAILED)
    progress = find_progress(record)
    assert (progress.trouble, progress.hint, progress.seconds_left) == ("No space left.", "Free some.", None)


def test_answers_that_were_not_planned_are_a_stage_while_and_after_they_are_made(scored_run):
    events = (
        _event(0, "state", state="running"),
        _event(0, "stage", name="predict:step-000120 validation", title=""),
        _event(2, "progress", stage="predict step-000120 validation", done=3, total=12),
    )
    record = replace(read_record(scored_run(state="running")), events=events)
    stage = _stages(record)["predict step-000120 validation"]
    assert (stage.title, stage.state) == ("Answers of step-000120 to validation rows", "now")
    assert stage.detail == "row 3 of 12"
