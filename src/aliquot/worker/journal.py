"""The journal of a run: numbered events, and the wishes that somebody left in ``requests/``."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aliquot.core.files import translate_os_errors
from aliquot.core.records import encode
from aliquot.core.run import Event
from aliquot.core.run_dir import RunDir
from aliquot.errors import MachineError
from aliquot.worker.meter import Meter

CHECKPOINT_EVERY_S = 300.0
"""Whatever the plan estimated: after so many seconds of training a checkpoint is due."""
RESERVE_BYTES = 16_384
"""Kept on the disk while a worker is at work, so that the event of a full disk still finds room."""

_DURABLE = frozenset({"state", "checkpoint", "resumed"})


class RunJournal:
    """Appends to ``events.jsonl`` until it is closed; only one worker at a time holds one.

    Step events also carry ``step_s``, the seconds since the previous event of training, the speeds that
    follow, and what the meter reads. All durations are by a clock that never jumps.

    Args:
        run_dir: The run.
        now: The wall clock, for the event's time.
        monotonic: The clock for durations.
        meter: Memory and energy; without one neither is told.
    """

    def __init__(
        self,
        run_dir: RunDir,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        *,
        meter: Meter | None = None,
    ) -> None:
        self._run_dir = run_dir
        self._now = now
        self._monotonic = monotonic
        self._meter = meter
        self._began_at = self._last_at = self._saved_at = monotonic()
        self._sequence = len(run_dir.read_events())
        self._has_signal = False
        _drop_torn_line(run_dir)
        self._reserve = run_dir.path / ".events.reserve"
        with translate_os_errors(run_dir.events_path):
            self._file = run_dir.events_path.open("ab", buffering=0)
            _fill(self._reserve)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._reserve.unlink(missing_ok=True)

    def write(self, kind: str, **data: Any) -> None:
        """Append one event; state changes and checkpoints are flushed to disk before this returns.

        Raises:
            MachineError: The disk is full; no part of the event is left in the file.
        """
        now = self._monotonic()
        # Taken at every event: what loading, answering and validating used is not the next step's.
        energy_j = self._meter.take_energy_j() if self._meter else None
        if kind == "step":
            data |= self._measure_step(now - self._last_at, energy_j, data)
        if kind in ("checkpoint", "resumed"):
            self._saved_at = now
        self._last_at = now
        at = self._now().isoformat(timespec="milliseconds")
        worker_s = round(now - self._began_at, 3)
        event = Event(sequence=self._sequence + 1, at=at, kind=kind, data=data, worker_s=worker_s)
        try:
            self._append(encode(event) + b"\n")
        except MachineError as error:
            if kind != "state" or error.code != "disk_full":
                raise
            self._reserve.unlink(missing_ok=True)
            self._append(encode(event) + b"\n")
        self._sequence += 1
        if kind in _DURABLE:
            with translate_os_errors(self._run_dir.events_path):
                os.fsync(self._file.fileno())

    def find_wish(self) -> str | None:
        """Return a wish from a signal or a file in ``requests/``; a checkpoint wish is used up.

        A checkpoint is also wished for when the last one is five minutes old.
        """
        folder = self._run_dir.requests_dir
        if (folder / "cancel").exists():
            return "cancel"
        if self._has_signal or (folder / "stop").exists():
            return "stop"
        if self.take_wish("checkpoint") or self._monotonic() - self._saved_at >= CHECKPOINT_EVERY_S:
            return "checkpoint"
        return None

    def take_wish(self, name: str) -> bool:
        """Return whether somebody left this wish in ``requests/``, and use it up."""
        path = self._run_dir.requests_dir / name
        is_there = path.exists()
        path.unlink(missing_ok=True)
        return is_there

    def listen_for_signals(self) -> None:
        """Let SIGTERM mean: save at the next step border and leave (Slurm, shutdown)."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the watcher's business

    def _on_signal(self, *_: object) -> None:
        self._has_signal = True

    def _measure_step(self, step_s: float, energy_j: float | None, data: dict[str, Any]) -> dict[str, Any]:
        measured: dict[str, Any] = {"step_s": round(step_s, 4)}
        if step_s > 0:
            measured["tokens_per_s"] = round(data.get("num_tokens", 0) / step_s, 1)
            measured["trained_tokens_per_s"] = round(data.get("trained_tokens", 0) / step_s, 1)
        if self._meter:
            measured["memory_bytes"] = self._meter.memory_bytes()
            measured |= {} if energy_j is None else {"energy_j": energy_j}
        return measured

    def _append(self, line: bytes) -> None:
        """Write a whole line or, when the disk fills within it, nothing."""
        whole = os.fstat(self._file.fileno()).st_size
        with translate_os_errors(self._run_dir.events_path, len(line)):
            try:
                written = 0
                while written < len(line):
                    written += self._file.write(line[written:]) or 0
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(self._run_dir.events_path, whole)
                raise


def _fill(reserve: Path) -> None:
    """Take room on the disk; a file left by a killed worker is as good."""
    with reserve.open("wb") as file:
        file.write(b"\0" * RESERVE_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _drop_torn_line(run_dir: RunDir) -> None:
    """Cut off a last line without its end: its writer was killed while writing it."""
    path = run_dir.events_path
    if not path.is_file():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
