"""J9: a full disk pauses a run and destroys nothing: on a real small disk, and at every single write."""

import errno
import itertools
import os
import subprocess
from dataclasses import replace

import pytest

from aliquot.core.run import RunState
from aliquot.training.checkpoint import find_damage
from aliquot.worker.disk import needed_bytes
from aliquot.worker.journal import RunJournal
from aliquot.workflows.watch import find_end
from tests.fixtures.forked_worker import happen_at, outcome_of, work_in_child
from tests.fixtures.tiny_run import make_tiny_run

pytestmark = pytest.mark.reliability

CHANGES = {
    "num_steps": 12,
    "checkpoint_interval_steps": 3,
    "validation_interval_steps": 5,
    "num_loss_rows": 4,
}
WRITES = {
    "flushes": "os:fsync",
    "renames": "os:replace",
    "tensors": "aliquot.training.checkpoint:save_file",
    "events": "aliquot.worker.journal:RunJournal._append",
}


def refuse():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def whole(prepared_dir, tmp_path_factory):
    run_dir = make_tiny_run(tmp_path_factory.mktemp("whole") / "run", prepared_dir, **CHANGES)
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    return outcome_of(run_dir)


@pytest.mark.parametrize("kind", ["flushes", "renames", "tensors"])
def test_j9_no_space_at_any_write_pauses_and_resume_goes_on(tmp_path, prepared_dir, whole, kind):
    for number in itertools.count(2 if kind == "flushes" else 1, 3):
        run_dir = make_tiny_run(tmp_path / str(number), prepared_dir, **CHANGES)
        full = happen_at(WRITES[kind], number, refuse)
        if work_in_child(run_dir, prepared_dir, full, stages="train") == 0:
            break
        last = run_dir.read_events()[-1].data
        assert (last["state"], last["code"]) == ("paused", "disk_full"), (number, last)
        assert all(find_damage(path) is None for path in run_dir.checkpoints_dir.glob("step-*"))
        assert work_in_child(run_dir, prepared_dir, stages="train") == 0
        assert outcome_of(run_dir) == whole
    assert number > 3


def make_small_run(path, prepared_dir):
    """A run whose plan knows how small its adapter is."""
    run_dir = make_tiny_run(path, prepared_dir, **CHANGES)
    spec = run_dir.read_spec()
    estimate = replace(spec.plan.estimate, trainable_parameters=10_000)
    run_dir.save_spec(replace(spec, plan=replace(spec.plan, estimate=estimate)))
    return run_dir


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=False)
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place, leave_bytes):
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "ballast").write_bytes(b"\1" * max(0, free - leave_bytes))


@pytest.mark.parametrize("leave_bytes", [0, 4_096, 40_960, 200_000])
def test_j9_on_a_disk_that_fills_the_run_pauses_with_figures_and_goes_on(
    small_disk, prepared_dir, whole, leave_bytes
):
    run_dir = make_small_run(small_disk / "run", prepared_dir)
    fills = happen_at("torch.optim:AdamW.step", 5, lambda: fill(small_disk, leave_bytes))
    assert work_in_child(run_dir, prepared_dir, fills, stages="train") == 1
    assert run_dir.state() is RunState.PAUSED
    end = find_end(run_dir, is_alive=False)
    assert end.code == "disk_full"
    assert "bytes are needed" in end.message
    assert "bytes are free" in end.message
    assert "aliquot resume" in end.hint
    (whole_one,) = [path for path in run_dir.checkpoints_dir.glob("step-*") if path.name == "step-000003"]
    assert find_damage(whole_one) is None
    assert work_in_child(run_dir, prepared_dir, stages="train") == 1, "still full: still paused"
    assert run_dir.state() is RunState.PAUSED
    (small_disk / "ballast").unlink()
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    assert outcome_of(run_dir) == whole


def test_j9_room_is_checked_before_anything_costly(small_disk, prepared_dir):
    run_dir = make_small_run(small_disk / "run", prepared_dir)
    needed = needed_bytes(run_dir, run_dir.read_spec())
    fill(small_disk, 1_000_000)
    assert work_in_child(run_dir, prepared_dir) == 1
    last = run_dir.read_events()[-1].data
    assert (last["state"], last["code"]) == ("paused", "disk_full")
    assert f"{needed:,} bytes are needed" in last["message"]
    assert not [event for event in run_dir.read_events() if event.kind == "stage"]


def test_j9_an_event_is_written_whole_or_not_at_all(small_disk, prepared_dir):
    run_dir = make_tiny_run(small_disk / "run", prepared_dir)
    with RunJournal(run_dir) as journal:
        journal.write("warning", code="x", message="before")
        fill(small_disk, 0)
        with pytest.raises(Exception, match="No space left"):
            for _ in range(100):
                journal.write("warning", code="x", message="m" * 1_000)
        journal.write("state", state=RunState.PAUSED, code="disk_full")
    events = run_dir.read_events()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert run_dir.events_path.read_bytes().endswith(b"\n")
    assert run_dir.state() is RunState.PAUSED
