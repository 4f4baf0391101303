"""Follow a run until it ends: tell its progress, keep report.html fresh, notice a dead worker.

Ctrl-C asks the worker to stop; it saves a checkpoint first. A second Ctrl-C kills it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from aliquot.compute.job import last_log_lines, log_path
from aliquot.core.files import disk_full, free_bytes, write_file
from aliquot.core.oom_kills import OomCounter
from aliquot.core.records import decode, encode
from aliquot.core.run import RunState, list_steps
from aliquot.core.run_dir import RunDir
from aliquot.errors import AliquotError, Interrupted, MachineError, RunError
from aliquot.workflows.progress import read_progress
from aliquot.workflows.surroundings import Surroundings

LOOK_S = 0.25
"""Seconds between two looks at the events."""
RENEW_S = 2.0
"""Seconds between two renewals of the report, at least …"""
RENEW_SHARE = 0.05
"""… and never more often than costs this share of the time, which training needs more."""
NUM_LOG_LINES = 8
LEAST_FREE_BYTES = 1_000_000
"""With less room on its disk, a worker that is gone without a word could not write one."""


def watch(run_dir: RunDir, within: Surroundings, *, renew: Callable[[RunDir], object]) -> None:
    """Return when the run has finished.

    Args:
        run_dir: The run.
        within: Its surroundings; ``tell`` receives a ``RunProgress`` whenever something happened.
        renew: Scores and reports what there is.

    Raises:
        Interrupted: The run was stopped and can be resumed.
        RunError: It failed, it was cancelled, or its worker is gone.
    """
    watcher = _Watcher(run_dir, within, renew)
    while not watcher.is_over():
        watcher.look()
    _raise_unless_finished(run_dir, within)


class _Watcher:
    """Looks again and again; remembers what was seen and whether the user asked to stop."""

    def __init__(self, run_dir: RunDir, within: Surroundings, renew: Callable[[RunDir], object]) -> None:
        self._run_dir, self._within, self._renew = run_dir, within, renew
        self._last_size = -1
        self._renew_at = 0.0
        self._is_stopping = False

    def is_over(self) -> bool:
        """Whether no worker is at work (asked before the events are read, so none is missed)."""
        is_alive = self._within.target.is_alive(self._run_dir)
        self._read()
        return not is_alive

    def look(self) -> None:
        """Wait a moment and renew the report; take a Ctrl-C."""
        try:
            self._within.sleep(LOOK_S)
            self._renew_when_due()
        except KeyboardInterrupt:
            self._stop()

    def _read(self) -> None:
        path = self._run_dir.events_path
        size = path.stat().st_size if path.exists() else 0
        if size != self._last_size:
            self._last_size = size
            self._within.tell(read_progress(self._run_dir))

    def _renew_when_due(self) -> None:
        started = time.monotonic()
        if started < self._renew_at:
            return
        self._renew(self._run_dir)
        cost_s = time.monotonic() - started
        self._renew_at = started + max(RENEW_S, cost_s / RENEW_SHARE)

    def _stop(self) -> None:
        if self._is_stopping:
            self._within.target.kill(self._run_dir)
            return
        self._is_stopping = True
        request(self._run_dir, "stop")
        self._within.tell("Stopping after this step and saving a checkpoint. Ctrl-C again ends it at once.")


def request(run_dir: RunDir, wish: str) -> None:
    """Leave a wish for the worker: ``stop``, ``cancel``, ``checkpoint`` or ``from_start``."""
    write_file(run_dir.requests_dir / wish, b"")


def find_end(run_dir: RunDir, *, is_alive: bool) -> AliquotError | None:
    """Return the error that a run's present state amounts to, or None when it is well (or finished)."""
    events = run_dir.read_events()
    state = run_dir.state()
    last = next((event.data for event in reversed(events) if event.kind == "state"), {})
    resume = f"`aliquot resume {run_dir.path}` goes on from the last checkpoint."
    if state is RunState.STOPPED:
        step = next((event.data["step"] for event in reversed(events) if event.kind == "checkpoint"), 0)
        return Interrupted(
            f"Stopped; what was done until step {step} is saved.",
            code="stopped",
            location=run_dir.run_id,
            hint=resume,
        )
    if state in (RunState.FAILED, RunState.PAUSED):
        how = "failed" if state is RunState.FAILED else "is paused"
        return RunError(
            f"The run {how}: {last.get('message') or last.get('reason') or 'no reason was recorded'}",
            code=last.get("code", "run_failed"),
            location=run_dir.run_id,
            hint=f"{last.get('hint', '')} Then {resume}".strip(),
        )
    if state is RunState.CANCELLED:
        return RunError("The run was cancelled.", code="cancelled", location=run_dir.run_id)
    return None if state is RunState.FINISHED or is_alive else _gone(run_dir, resume)


def _gone(run_dir: RunDir, resume: str) -> AliquotError:
    """Return why a worker may be gone that could not say so itself."""
    started = next((e.data for e in reversed(run_dir.read_events()) if "oom_counter" in e.data), {})
    counter = decode(encode(started.get("oom_counter")), OomCounter | None, str(run_dir.events_path))
    if counter is not None and counter.has_risen():
        return _killed_for_memory(run_dir, counter, resume)
    if free_bytes(run_dir.path) < LEAST_FREE_BYTES:
        return disk_full(run_dir.path, LEAST_FREE_BYTES)
    lines = "\n".join(f"  | {line}" for line in last_log_lines(run_dir, NUM_LOG_LINES))
    said = f" Its last lines:\n{lines}\n" if lines else " It printed nothing."
    return RunError(
        f"The worker of this run is gone: killed, out of memory, or the machine was restarted.{said}",
        code="worker_gone",
        location=str(log_path(run_dir)),
        hint=resume[0].upper() + resume[1:],
    )


def _killed_for_memory(run_dir: RunDir, counter: OomCounter, resume: str) -> MachineError:
    """Return the error of a worker that the kernel killed: what it needed, what there is, what helps."""
    spec, steps = run_dir.read_spec(), list_steps(run_dir.read_events())
    seen = max((step.data.get("memory_bytes", 0) for step in steps), default=0)
    needed = max(seen, spec.plan.estimate.memory_bytes)
    memory = psutil.virtual_memory()
    have = min(counter.limit_bytes or memory.total, memory.total)
    return MachineError(
        f"The operating system killed the worker because this machine's memory ran out: it needs about "
        f"{needed / 1e9:.1f} GB, and {have / 1e9:.1f} GB may be used, {memory.available / 1e9:.1f} GB of the "
        "machine are free now.",
        code="memory_exhausted",
        location=run_dir.run_id,
        hint="End other programs, or raise the memory limit of this job; or plan a new run with a smaller "
        f"train.micro_batch_size (now {spec.training.micro_batch_size}); or take a smaller base. {resume}",
    )


def _raise_unless_finished(run_dir: RunDir, within: Surroundings) -> None:
    error = find_end(run_dir, is_alive=within.target.is_alive(run_dir))
    if error:
        raise error
