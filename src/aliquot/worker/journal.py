"""The journal of a run: numbered events, and the wishes that somebody left in ``requests/``."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

from aliquot.core.files import translate_os_errors
from aliquot.core.records import encode
from aliquot.core.run import Event
from aliquot.core.run_dir import RunDir

_DURABLE = frozenset({"state", "checkpoint", "resumed"})


class RunJournal:
    """Appends to ``events.jsonl`` until it is closed; only one worker at a time holds one.

    Step events also carry ``step_s``, the seconds since the previous event of training.

    Args:
        run_dir: The run.
        now: The wall clock, for the event's time.
        monotonic: The clock for durations; it never jumps.
    """

    def __init__(
        self,
        run_dir: RunDir,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run_dir = run_dir
        self._now = now
        self._monotonic = monotonic
        self._last_at = monotonic()
        self._sequence = len(run_dir.read_events())
        self._has_signal = False
        _drop_torn_line(run_dir)
        with translate_os_errors(run_dir.events_path):
            self._file = run_dir.events_path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, kind: str, **data: Any) -> None:
        """Append one event; state changes and checkpoints are flushed to disk before this returns."""
        now = self._monotonic()
        if kind == "step":
            data["step_s"] = round(now - self._last_at, 4)
        self._last_at = now
        self._sequence += 1
        at = self._now().isoformat(timespec="milliseconds")
        with translate_os_errors(self._run_dir.events_path):
            self._file.write(encode(Event(sequence=self._sequence, at=at, kind=kind, data=data)) + b"\n")
            self._file.flush()
            if kind in _DURABLE:
                os.fsync(self._file.fileno())

    def find_wish(self) -> str | None:
        """Return a wish from a signal or a file in ``requests/``; a checkpoint wish is used up."""
        folder = self._run_dir.requests_dir
        if (folder / "cancel").exists():
            return "cancel"
        if self._has_signal or (folder / "stop").exists():
            return "stop"
        if (folder / "checkpoint").exists():
            (folder / "checkpoint").unlink()
            return "checkpoint"
        return None

    def listen_for_signals(self) -> None:
        """Let SIGTERM mean: save at the next step border and leave (Slurm, shutdown)."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the watcher's business

    def _on_signal(self, *_: object) -> None:
        self._has_signal = True


def _drop_torn_line(run_dir: RunDir) -> None:
    """Cut off a last line without its end: its writer was killed while writing it."""
    path = run_dir.events_path
    if not path.is_file():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
