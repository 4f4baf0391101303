"""What the loss did: the training steps and validations that count, and the checkpoint that was chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from aliquot.core.run import Event, list_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The course of training.

    Attributes:
        steps: (step, loss per trained token) of each optimizer step.
        validations: (step, loss on the validation rows).
        best: The validation whose checkpoint is used, None before the first.
        trained_tokens: Tokens with loss so far.
        tokens_per_s: Tokens of the rows, shared prefixes counted for each row, per second of step time.
        trained_tokens_per_s: Tokens with loss, likewise.
        memory_bytes: Most memory that a step saw; None in runs that did not measure it.
        energy_j: Of all steps; None where the machine does not tell it.
        grad_norm: Median of the gradient's norm over the steps, before it is clipped.
    """

    steps: tuple[tuple[int, float], ...]
    validations: tuple[tuple[int, float], ...]
    best: tuple[int, float] | None
    trained_tokens: int = 0
    tokens_per_s: float | None = None
    step_time_s: float = 0.0
    trained_tokens_per_s: float | None = None
    memory_bytes: int | None = None
    energy_j: float | None = None
    grad_norm: float | None = None


def read_history(events: Iterable[Event]) -> History:
    """Return the course of training; what a resume superseded is left out."""
    events = tuple(events)
    steps = list_steps(events)
    validations = _list_validations(events)
    chosen = [each for each in validations if each.data.get("is_best")]
    step_time_s = sum(step.data.get("step_s", 0.0) for step in steps)
    num_tokens = sum(step.data.get("num_tokens", 0) for step in steps)
    trained_tokens = sum(step.data.get("trained_tokens", 0) for step in steps)
    energy = _values(steps, "energy_j")
    norms = _values(steps, "grad_norm")
    return History(
        steps=tuple((step.data["step"], step.data["loss"]) for step in steps),
        validations=tuple((each.data["step"], each.data["loss"]) for each in validations),
        best=(chosen[-1].data["step"], chosen[-1].data["loss"]) if chosen else None,
        trained_tokens=trained_tokens,
        tokens_per_s=num_tokens / step_time_s if step_time_s else None,
        step_time_s=step_time_s,
        trained_tokens_per_s=trained_tokens / step_time_s if step_time_s else None,
        memory_bytes=max(_values(steps, "memory_bytes"), default=None),
        energy_j=sum(energy) if energy else None,
        grad_norm=median(norms) if norms else None,
    )


def _values(steps: Iterable[Event], name: str) -> list[Any]:
    return [step.data[name] for step in steps if step.data.get(name) is not None]


def _list_validations(events: Iterable[Event]) -> list[Event]:
    kept: list[Event] = []
    for event in events:
        if event.kind == "resumed":
            kept = [each for each in kept if each.data["step"] <= event.data["from_step"]]
        elif event.kind == "validation":
            kept.append(event)
    return kept
