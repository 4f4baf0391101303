"""The gradient of one optimizer step, accumulated over its micro-batches.

The loss is a mean over *all terms of the step* (trained tokens, or pairs), so it does not depend on how the
step is cut into micro-batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from aliquot.core.spec import TrainingSpec
from aliquot.modeling.forward import token_losses
from aliquot.tokenization.batches import micro_batches
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.objective import Objective
from aliquot.training.optimizer import trained_parameters
from aliquot.training.process_group import ALONE, ProcessGroup


@dataclass(frozen=True, slots=True)
class Packing:
    """How the rows of a step are laid out for passes through the model.

    Attributes:
        layout: ``prefix_tree`` or ``padded``.
        max_pack_tokens: Most tokens of one pass, unless a single row is longer.
    """

    layout: str
    max_pack_tokens: int

    def cut(self, rows: Sequence[EncodedRow], spec: TrainingSpec) -> list[list[EncodedRow]]:
        """Return the micro-batches of some rows."""
        each = math.ceil(len(rows) / spec.num_devices)  # so that every device has work
        return micro_batches(rows, min(spec.micro_batch_size, each), self.max_pack_tokens, self.layout)

    def halved(self, rows: Sequence[EncodedRow], spec: TrainingSpec) -> Packing | None:
        """Return the packing of half the tokens, or None when each row has a pass of its own already."""
        if all(len(micro_batch) == 1 for micro_batch in self.cut(rows, spec)):
            return None
        return replace(self, max_pack_tokens=max(1, self.max_pack_tokens // 2))

    def limited(self, max_pack_tokens: int | None) -> Packing:
        """Return the packing whose passes hold no more than a number of tokens; None is no limit."""
        return replace(
            self, max_pack_tokens=min(self.max_pack_tokens, max_pack_tokens or self.max_pack_tokens)
        )


@dataclass(frozen=True, slots=True)
class StepLoss:
    """What one step saw.

    Attributes:
        loss: The mean that was minimised, in nats.
        num_tokens: Tokens of its rows, shared prefixes counted each time.
        computed_tokens: Tokens that went through the model.
    """

    loss: float
    num_tokens: int
    computed_tokens: int
    trained_tokens: int
    measures: Mapping[str, float] = field(default_factory=dict)
    """What else the objective tells of a step, by its name in the event."""


def accumulate_gradients(
    objective: Objective,
    model: Any,
    rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    *,
    step: int,
    packing: Packing,
    group: ProcessGroup = ALONE,
) -> StepLoss:
    """Add the gradient of a step's mean loss to the trained parameters, on every process the same."""
    num_terms = objective.num_terms(rows)
    shares: list[torch.Tensor] = []
    measured: dict[str, list[torch.Tensor]] = {name: [] for name in objective.measures}
    computed_tokens = 0
    for micro_step, weight, micro_batch in own_passes(rows, spec, packing, group):
        seed_dropout(spec.seed, step, micro_step)
        found = objective.sum_pass(model, micro_batch, packing.layout)
        share = weight * found.loss / num_terms
        share.backward()
        shares.append(share.detach())
        for name, sums in measured.items():
            sums.append(weight * found.measures[name])
        computed_tokens += found.computed_tokens
    group.add_up_gradients(trained_parameters(model))
    # Read once a step: reading a number makes a GPU and its program wait for each other.
    loss, num_computed, *totals = group.add_up(
        [_total(shares), computed_tokens, *map(_total, measured.values())]
    )
    return StepLoss(
        loss=loss,
        num_tokens=sum(len(branch.token_ids) for row in rows for branch in row.branches),
        computed_tokens=round(num_computed),
        trained_tokens=sum(row.num_trained_tokens for row in rows),
        measures={name: total / num_terms for name, total in zip(measured, totals, strict=True)},
    )


def mean_loss(
    objective: Objective,
    model: Any,
    rows: Sequence[EncodedRow],
    spec: TrainingSpec,
    packing: Packing,
    *,
    group: ProcessGroup = ALONE,
) -> float:
    """Return the mean loss of held-out rows, dropout off."""
    was_training = model.training
    model.eval()
    totals: list[torch.Tensor] = []
    with torch.inference_mode():
        for _, weight, micro_batch in own_passes(rows, spec, packing, group):
            totals.append(weight * objective.sum_pass(model, micro_batch, packing.layout).loss)
    model.train(was_training)
    [summed] = group.add_up([_total(totals)])
    return summed / objective.num_terms(rows)


def own_passes(
    rows: Sequence[EncodedRow], spec: TrainingSpec, packing: Packing, group: ProcessGroup
) -> Iterator[tuple[int, float, list[EncodedRow]]]:
    """Yield the passes of this process: number within the step, weight (0 for a filler) and rows."""
    micro_batches = packing.cut(rows, spec)
    for number in group.turns(len(micro_batches)):
        is_own = number < len(micro_batches)
        yield number, float(is_own), micro_batches[number if is_own else 0]


def _total(values: Sequence[torch.Tensor]) -> float:
    """Return the sum of some numbers on a device, which it waits for; none sum to 0."""
    return sum(torch.stack(tuple(values)).tolist()) if values else 0.0


def row_losses(model: Any, rows: Sequence[EncodedRow], packing: Packing) -> list[tuple[float, int]]:
    """Return each row's summed loss in nats and its trained tokens, dropout off, prefixes shared.

    Several rows may be in one pass, so the last digits depend on which rows are asked for together.
    """
    was_training = model.training
    model.eval()
    # By content: passes hold the rows in an order of their own, and equal rows have equal losses.
    losses: dict[EncodedRow, float] = {}
    with torch.inference_mode():
        for micro_batch in micro_batches(rows, len(rows), packing.max_pack_tokens, packing.layout):
            result = token_losses(model, micro_batch, packing.layout)
            found, _ = result.per_row(len(micro_batch))
            losses |= dict(zip(micro_batch, found.tolist(), strict=True))
    model.train(was_training)
    return [(losses[row], row.num_trained_tokens) for row in rows]


def seed_dropout(seed: int, step: int, micro_step: int) -> None:
    """Make dropout a pure function of its place in the run, so a checkpoint needs no generator state."""
    torch.manual_seed((seed * 1_000_003 + step) * 1_009 + micro_step)
