"""J5 to J7, J10, J14: real worker processes that are stopped, killed, starved and cancelled."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from aliquot.compute.job import find_job
from aliquot.compute.targets.local import LocalTarget
from aliquot.core.oom_kills import find_oom_counter
from aliquot.core.run import RunState, list_steps
from aliquot.errors import RunError
from aliquot.training.checkpoint import find_damage
from aliquot.workflows.cancel import cancel
from aliquot.workflows.checkpoint import checkpoint
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.watch import find_end
from tests.fixtures.forked_worker import outcome_of, work_in_child
from tests.fixtures.tiny_run import make_tiny_run

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.timeout(600),
    # A worker outlives the target object that started it, and Python complains of that.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

LONG = {"num_steps": 4_000, "checkpoint_interval_steps": 100, "validation_interval_steps": 4_000}


def wait_for(condition, seconds=120.0):
    """Wait until something holds; return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def target():
    return LocalTarget()


@pytest.fixture
def start(target, tmp_path, prepared_dir):
    """Start a real worker on a long tiny run, and wait until it has made some steps."""

    def begin(*, after_steps=3, **changes):
        run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **{**LONG, **changes})
        target.start(run_dir, ["--model-dir", str(prepared_dir), "--stages", "train"])
        wait_for(lambda: len(list_steps(run_dir.read_events())) >= after_steps)
        return run_dir

    yield begin
    for path in tmp_path.glob("*/job.json"):
        job = find_job(type("At", (), {"path": path.parent})())
        if job and job.pid and psutil.pid_exists(job.pid):
            os.killpg(job.pid, signal.SIGKILL)


@pytest.fixture
def prepared(monkeypatch, prepared_dir):
    monkeypatch.setattr("aliquot.workflows.follow.get_model_dir", lambda run_dir: prepared_dir)


STARTS_AND_DIES = """\
import os, signal, sys
from pathlib import Path
from aliquot.compute.targets.local import LocalTarget
from aliquot.core.run_dir import RunDir
LocalTarget().start(RunDir(Path(sys.argv[1])), ["--model-dir", sys.argv[2], "--stages", "train"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_j5_the_death_of_the_starter_does_not_end_the_worker(tmp_path, prepared_dir, target):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    done = subprocess.run(
        [sys.executable, "-c", STARTS_AND_DIES, str(run_dir.path), str(prepared_dir)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert target.is_alive(run_dir), "another process finds it again"
    wait_for(lambda: not target.is_alive(run_dir))
    assert run_dir.state() is RunState.FINISHED


def test_j6_a_run_has_one_worker(start, target, prepared_dir):
    run_dir = start()
    with pytest.raises(RunError) as caught:
        LocalTarget().start(run_dir, ["--model-dir", str(prepared_dir)])
    assert caught.value.code == "run_is_busy"
    job = run_dir.path / "job.json"
    job.write_text(job.read_text().replace(f'"pid": {find_job(run_dir).pid}', '"pid": null'))
    assert LocalTarget().is_alive(run_dir), "started, but its id was never noted"
    second = subprocess.run(
        [sys.executable, "-m", "aliquot.worker.run", str(run_dir.path), "--model-dir", str(prepared_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == RunError.exit_code
    assert "run_is_busy" in second.stderr


def test_j7_sigterm_saves_and_leaves_within_thirty_seconds(start, target, prepared_dir, tmp_path):
    changes = {"num_steps": 120, "validation_interval_steps": 60}
    run_dir = start(**changes)
    os.kill(find_job(run_dir).pid, signal.SIGTERM)
    assert wait_for(lambda: not target.is_alive(run_dir)) < 30
    assert run_dir.state() is RunState.STOPPED
    last = list_steps(run_dir.read_events())[-1].data["step"]
    newest = max(run_dir.checkpoints_dir.glob("step-*"))
    assert newest.name == f"step-{last:06d}", "not a step is lost"
    assert find_damage(newest) is None
    assert work_in_child(run_dir, prepared_dir, stages="train") == 0
    whole = make_tiny_run(tmp_path / "whole", prepared_dir, **{**LONG, **changes})
    assert work_in_child(whole, prepared_dir, stages="train") == 0
    assert outcome_of(run_dir) == outcome_of(whole)


def test_a_checkpoint_on_demand_is_saved_and_the_run_goes_on(start, target, prepared):
    run_dir = start()
    saved = checkpoint(run_dir.path, within=Surroundings(target=target))
    assert find_damage(Path(saved.path)) is None
    assert saved.step % LONG["checkpoint_interval_steps"] != 0
    wait_for(lambda: list_steps(run_dir.read_events())[-1].data["step"] > saved.step)
    assert target.is_alive(run_dir)


def group_is_gone(pid):
    return not [
        p for p in psutil.process_iter() if _group(p.pid) == pid and p.status() != psutil.STATUS_ZOMBIE
    ]


def _group(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.mark.parametrize("when", ["loading", "training", "deaf"])
def test_j14_a_cancelled_worker_is_gone_within_fifteen_seconds(
    when, target, tmp_path, prepared_dir, prepared, start
):
    if when == "loading":
        run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **LONG)
        target.start(run_dir, ["--model-dir", str(prepared_dir), "--stages", "train"])
    else:
        run_dir = start()
    pid = find_job(run_dir).pid
    if when == "deaf":
        os.kill(pid, signal.SIGSTOP)
    gone = []
    began = time.monotonic()

    def look(seconds):
        time.sleep(seconds)
        if not gone and group_is_gone(pid):
            gone.append(time.monotonic() - began)

    summary = cancel(run_dir.path, within=Surroundings(target=target, sleep=look))
    look(0)
    assert summary.state is RunState.CANCELLED
    assert gone[0] < 15


@pytest.mark.parametrize("state", ["planned", "stopped", "failed", "paused", "running"])
def test_j14_a_run_without_a_worker_is_cancelled_from_every_state(
    state, target, tmp_path, prepared_dir, prepared
):
    from tests.fixtures.scripted import Journal

    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    if state != "planned":
        Journal(run_dir).write("state", state=state)
    assert cancel(run_dir.path, within=Surroundings(target=target)).state is RunState.CANCELLED


EATS_MEMORY = """\
import sys
from aliquot.training import loss
real = loss.seed_dropout
def eat(*arguments):
    if arguments[1] == 3:
        hoard = [bytearray(50_000_000) for _ in range(200)]
    real(*arguments)
loss.seed_dropout = eat
from aliquot.worker.run import main
main(sys.argv[1:])
"""


@pytest.fixture
def small_memory():
    """A control group (version 1) that may use 700 MB."""
    group = Path("/sys/fs/cgroup/memory") / f"aliquot-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("700000000")
    except OSError:
        pytest.skip("a control group needs root and version 1")
    yield group
    group.rmdir()


def test_j10_a_worker_killed_for_memory_is_told_with_figures_and_remedies(
    small_memory, tmp_path, prepared_dir
):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)

    def enter():
        (small_memory / "cgroup.procs").write_text(str(os.getpid()))

    command = [sys.executable, "-c", EATS_MEMORY, str(run_dir.path), "--model-dir", str(prepared_dir)]
    done = subprocess.run(
        [*command, "--stages", "train"], preexec_fn=enter, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    end = find_end(run_dir, is_alive=False)
    assert end.code == "memory_exhausted"
    assert "killed the worker because this machine's memory ran out" in end.message
    assert "0.7 GB may be used" in end.message
    assert end.hint.count(";") == 2, "three remedies"
    assert "aliquot resume" in end.hint


def test_j10_a_kill_without_lack_of_memory_is_not_taken_for_one(start, target):
    run_dir = start()
    assert find_oom_counter() is not None
    target.kill(run_dir)
    assert find_end(run_dir, is_alive=False).code == "worker_gone"
