"""A run's life: its states, what may follow what, and the events that tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """Where a run stands. Only a worker moves it, by writing a ``state`` event."""

    PLANNED = "planned"
    RUNNING = "running"
    STOPPED = "stopped"  # on request or by a signal, with a checkpoint; resumable
    PAUSED = "paused"  # by a lack that the machine can be cured of, such as disk space; resumable
    FAILED = "failed"  # by a fault that the last event names; resumable once mended
    CANCELLED = "cancelled"  # for good, by the user
    FINISHED = "finished"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself or by ``resume``."""
        return self in (RunState.FINISHED, RunState.CANCELLED)


TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.PLANNED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.RUNNING: frozenset(
        {
            RunState.RUNNING,
            RunState.STOPPED,
            RunState.PAUSED,
            RunState.FAILED,
            RunState.CANCELLED,
            RunState.FINISHED,
        }
    ),
    RunState.STOPPED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.FAILED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    # A finished run may be asked for more predictions; a cancelled one is over.
    RunState.FINISHED: frozenset({RunState.RUNNING}),
    RunState.CANCELLED: frozenset(),
}
"""Allowed moves. running → running is a worker that takes over from one that was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of ``events.jsonl``, numbered from 1 without gaps.

    Kinds and their data:
        ``state``       {state, reason?, code?, hint?}
        ``stage``       {name, title}: a stage of the worker begins (``load``, ``predict base`` …)
        ``measured``    {…}: choices made by measurement, also in ``measured.json``
        ``step``        {step, loss, token_accuracy (of pairs preference_accuracy, reward_margin),
                         learning_rate, grad_norm, num_tokens, computed_tokens, trained_tokens, step_s,
                         tokens_per_s, trained_tokens_per_s, memory_bytes, energy_j?}
        ``validation``  {step, loss, score?, is_best}
        ``preferences`` {split, num_pairs, num_right, accuracy, low, high, confidence, reward_margin}:
                         held-out pairs whose reward margin is above 0, with Wilson's interval
        ``checkpoint``  {step, path}
        ``resumed``     {from_step}: supersedes later steps written before it
        ``progress``    {stage, done, total, elapsed_s}
        ``warning``     {code, message}

    Attributes:
        at: Wall clock, in UTC; a clock that is set makes it jump. Order is by ``sequence``.
        worker_s: Seconds since this worker began, by a clock that never jumps.
    """

    sequence: int
    at: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    worker_s: float | None = None


def find_state(events: Iterable[Event]) -> RunState:
    """Return the state that the last ``state`` event tells; without one the run is only planned."""
    state = RunState.PLANNED
    for event in events:
        if event.kind == "state":
            state = RunState(event.data["state"])
    return state


def list_steps(events: Iterable[Event]) -> list[Event]:
    """Return the ``step`` events that count: those superseded by a resume are left out."""
    steps: list[Event] = []
    for event in events:
        if event.kind == "resumed":
            steps = [step for step in steps if step.data["step"] <= event.data["from_step"]]
        elif event.kind == "step":
            steps.append(event)
    return steps


def seconds_between(first: Event, second: Event) -> float:
    """Return the time between two events of one worker, by the clock that never jumps where they carry it."""
    if first.worker_s is not None and second.worker_s is not None:
        return second.worker_s - first.worker_s
    return (datetime.fromisoformat(second.at) - datetime.fromisoformat(first.at)).total_seconds()
