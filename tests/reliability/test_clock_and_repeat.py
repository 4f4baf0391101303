"""J13 and J15: a clock that jumps does nothing, and a run that is repeated gives the same bytes."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

import aliquot
from aliquot.core.records import sha256_file
from aliquot.core.run import list_steps
from aliquot.core.run_dir import RunDir
from aliquot.export.progress import find_progress
from aliquot.export.record import read_record
from aliquot.worker.environment import save_environment
from aliquot.worker.journal import CHECKPOINT_EVERY_S, RunJournal
from tests.fixtures.forked_worker import outcome_of, work_in_child
from tests.fixtures.tiny_run import make_tiny_run
from tests.workflow.test_whole_job import SETTINGS, write_rows

pytestmark = pytest.mark.reliability


class Clocks:
    """A wall clock that somebody sets, and one that never jumps."""

    def __init__(self, jumps):
        self.seconds, self.offset = 0.0, timedelta()
        self._jumps = iter(jumps)

    def now(self):
        self.offset += next(self._jumps, timedelta())
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.seconds) + self.offset

    def monotonic(self):
        return self.seconds


JUMPS = [timedelta(), timedelta(days=1), timedelta(days=-2), timedelta(hours=-3), timedelta(days=365)] * 3


def test_j13_jumps_change_neither_order_nor_durations(tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    clocks = Clocks(JUMPS)
    with RunJournal(run_dir, clocks.now, clocks.monotonic) as journal:
        journal.write("state", state="running")
        journal.write("stage", name="train", title="")
        for step in range(1, 11):
            clocks.seconds += 2
            journal.write("step", step=step, loss=1.0, num_tokens=100, trained_tokens=10)
    events = run_dir.read_events()
    assert [event.sequence for event in events] == list(range(1, 13))
    assert sorted(event.at for event in events) != [event.at for event in events], "the clock did jump"
    assert {event.data["step_s"] for event in list_steps(events)} == {2.0}
    left = find_progress(read_record(run_dir)).seconds_left
    assert 10 * 2 <= left < 60, "ten steps of two seconds, and the planned answers"
    save_environment(run_dir, run_dir.read_spec())
    assert json.loads(run_dir.environment_path.read_text())["stage_s"]["train"] == 20.0


def test_j13_without_the_steady_clock_the_time_left_would_be_nonsense(tmp_path, prepared_dir):
    """Negative control: the same events as older runs have them."""
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    clocks = Clocks(JUMPS)
    with RunJournal(run_dir, clocks.now, clocks.monotonic) as journal:
        journal.write("state", state="running")
        for step in range(1, 11):
            clocks.seconds += 2
            journal.write("step", step=step, loss=1.0, num_tokens=100, trained_tokens=10)
    lines = [json.loads(line) for line in run_dir.events_path.read_text().splitlines()]
    run_dir.events_path.write_text("".join(json.dumps(line | {"worker_s": None}) + "\n" for line in lines))
    assert abs(find_progress(read_record(run_dir)).seconds_left - 20) > 1_000


def test_j2_a_checkpoint_is_due_by_the_steady_clock_when_steps_are_slower_than_planned(
    tmp_path, prepared_dir
):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    clocks = Clocks(JUMPS)
    with RunJournal(run_dir, clocks.now, clocks.monotonic) as journal:
        journal.write("resumed", from_step=0)
        clocks.seconds += CHECKPOINT_EVERY_S - 1
        assert journal.find_wish() is None
        clocks.seconds += 1
        assert journal.find_wish() == "checkpoint"
        journal.write("checkpoint", step=1, path="step-000001")
        assert journal.find_wish() is None


def test_j15_what_is_stored_gives_the_same_adapter_again(tmp_path, prepared_dir):
    first = make_tiny_run(tmp_path / "first", prepared_dir, num_loss_rows=8)
    assert work_in_child(first, prepared_dir, stages="train") == 0
    second = RunDir(tmp_path / "second")
    second.path.mkdir()
    for name in ("spec.json", "measured.json"):
        shutil.copy(first.path / name, second.path / name)
    shutil.copytree(first.path / "rows", second.path / "rows")
    assert work_in_child(second, prepared_dir, stages="train") == 0
    assert outcome_of(second) == outcome_of(first)


@pytest.mark.timeout(600)
def test_j15_the_settings_file_of_a_run_gives_the_same_adapter_again(tmp_path, tiny_model_dir):
    data = write_rows(tmp_path / "molecules.jsonl")
    first = aliquot.run(data, base=str(tiny_model_dir), runs_dir=tmp_path / "runs", **SETTINGS)
    settings = RunDir(tmp_path / "runs" / first.run_id).path / "settings.yaml"
    second = aliquot.run(data, config=settings, runs_dir=tmp_path / "again")
    other = aliquot.run(data, config=settings, runs_dir=tmp_path / "other", seed=1)
    adapters = [
        sha256_file(tmp_path / folder / run.run_id / "adapter" / "adapter_model.safetensors")
        for folder, run in (("runs", first), ("again", second), ("other", other))
    ]
    assert adapters[0] == adapters[1] != adapters[2]
