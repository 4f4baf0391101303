"""A measured warm-up: does the longest pass fit the memory, and how long does a step take here?

A few real passes forward and backward before the long run, without an optimizer step. Gradients are thrown
away and dropout is a function of the step, so the run has the same bits with and without it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from aliquot.core.plan import Estimate
from aliquot.core.spec import TrainingSpec
from aliquot.tokenization.batches import rows_of_step, steps_per_epoch
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.journal import Journal
from aliquot.training.loss import Packing
from aliquot.training.memory_step import step_within_memory
from aliquot.training.process_group import ProcessGroup
from aliquot.training.supervised_loss import SUPERVISED

MAX_SHARE = 0.05
"""Of the run's steps; a warm-up takes about two steps, the first of them twice as slow."""
MIN_STEPS = round(3 / MAX_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What a warm-up found.

    Attributes:
        packing: The layout whose longest pass fits.
        warmup_s: What the warm-up took.
        s_per_step: Expected time of a step of mean length.
    """

    packing: Packing
    warmup_s: float
    s_per_step: float


def warm_up(
    model: Any,
    rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    packing: Packing,
    estimate: Estimate,
    journal: Journal,
    group: ProcessGroup,
) -> WarmUp:
    """Run the step with the longest row, then a usual one; cut passes until the first fits the memory.

    Raises:
        MachineError: One row alone does not fit (``memory_exhausted``).
    """
    began = time.monotonic()
    state = torch.get_rng_state()
    model.train()
    longest = _step_of_longest(rows, spec)
    batch = [rows[index] for index in longest]
    # Any objective runs the same passes over the same rows; only its last few operations differ.
    together = {"step": 0, "objective": SUPERVISED, "journal": journal, "group": group}
    _, packing = step_within_memory(model, batch, spec, packing=packing, **together)
    usual = [rows[index] for index in _usual_step(rows, spec)]
    usual_began = time.monotonic()
    result, packing = step_within_memory(model, usual, spec, packing=packing, **together)
    if spec.device == "cuda":
        torch.cuda.synchronize()
    seconds = time.monotonic() - usual_began
    model.zero_grad(set_to_none=True)
    torch.set_rng_state(state)
    tokens_per_step = estimate.computed_tokens / estimate.num_steps
    return WarmUp(
        packing=packing,
        warmup_s=round(time.monotonic() - began, 3),
        s_per_step=round(seconds * tokens_per_step / result.computed_tokens, 4),
    )


def why_no_warm_up(spec: TrainingSpec) -> str:
    """Return why a run is too small for a warm-up, or an empty text."""
    if spec.num_steps >= MIN_STEPS:
        return ""
    return (
        f"{spec.num_steps} steps are fewer than {MIN_STEPS}: a warm-up would take more than {MAX_SHARE:.0%} "
        "of the run"
    )


def _step_of_longest(rows: Sequence[EncodedRow], spec: TrainingSpec) -> tuple[int, ...]:
    longest = max(range(len(rows)), key=lambda index: _length(rows[index]))
    return next(chosen for chosen in _steps(rows, spec) if longest in chosen)


def _usual_step(rows: Sequence[EncodedRow], spec: TrainingSpec) -> tuple[int, ...]:
    """Return the step of the first epoch whose rows have the median length."""
    steps = sorted(_steps(rows, spec), key=lambda chosen: sum(_length(rows[index]) for index in chosen))
    return steps[len(steps) // 2]


def _steps(rows: Sequence[EncodedRow], spec: TrainingSpec) -> list[tuple[int, ...]]:
    size, number = spec.batch_size, len(rows)
    return [
        rows_of_step(step, num_rows=number, batch_size=size, seed=spec.seed)
        for step in range(steps_per_epoch(number, size))
    ]


def _length(row: EncodedRow) -> int:
    return sum(len(branch.token_ids) for branch in row.branches)
