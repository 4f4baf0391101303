"""The gradient of one optimizer step, accumulated over its micro-batches.

The loss is the mean negative log-likelihood over *all trained tokens of the step*, so it does not
depend on how the step is cut into micro-batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from aliquot.core.spec import TrainingSpec
from aliquot.modeling.forward import token_losses
from aliquot.tokenization.batches import micro_batches
from aliquot.tokenization.encoder import EncodedRow


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
        return micro_batches(rows, spec.micro_batch_size, self.max_pack_tokens)

    def halved(self, rows: Sequence[EncodedRow], spec: TrainingSpec) -> Packing | None:
        """Return the packing of half the tokens, or None when each row has a pass of its own already."""
        if all(len(micro_batch) == 1 for micro_batch in self.cut(rows, spec)):
            return None
        return replace(self, max_pack_tokens=max(1, self.max_pack_tokens // 2))


@dataclass(frozen=True, slots=True)
class StepLoss:
    """What one step saw.

    Attributes:
        loss: Mean over trained tokens, in nats.
        token_accuracy: Share of trained tokens that were the most probable ones.
        num_tokens: Tokens of its rows, shared prefixes counted each time.
        computed_tokens: Tokens that went through the model.
    """

    loss: float
    token_accuracy: float
    num_tokens: int
    computed_tokens: int
    trained_tokens: int


def accumulate_gradients(
    model: Any, rows: Sequence[EncodedRow], spec: TrainingSpec, *, step: int, packing: Packing
) -> StepLoss:
    """Add the gradient of the step's mean loss to the trained parameters."""
    trained_tokens = sum(row.num_trained_tokens for row in rows)
    shares: list[torch.Tensor] = []
    hits: list[torch.Tensor] = []
    computed_tokens = 0
    for micro_step, micro_batch in enumerate(packing.cut(rows, spec)):
        seed_dropout(spec.seed, step, micro_step)
        result = token_losses(model, micro_batch, packing.layout)
        share = result.losses_Q.sum() / trained_tokens
        share.backward()
        shares.append(share.detach())
        hits.append(result.is_hit_Q.sum())
        computed_tokens += result.computed_tokens
    num_tokens = sum(len(branch.token_ids) for row in rows for branch in row.branches)
    # Read once a step: reading a number makes a GPU and its program wait for each other.
    loss, num_hits = sum(torch.stack(shares).tolist()), sum(torch.stack(hits).tolist())
    return StepLoss(loss, num_hits / trained_tokens, num_tokens, computed_tokens, trained_tokens)


def mean_loss(model: Any, rows: Sequence[EncodedRow], spec: TrainingSpec, packing: Packing) -> float:
    """Return the mean loss per trained token of held-out rows, dropout off."""
    was_training = model.training
    model.eval()
    totals: list[torch.Tensor] = []
    trained_tokens = 0
    with torch.inference_mode():
        for micro_batch in packing.cut(rows, spec):
            result = token_losses(model, micro_batch, packing.layout)
            totals.append(result.losses_Q.sum())
            trained_tokens += len(result.losses_Q)
    model.train(was_training)
    return sum(torch.stack(totals).tolist()) / trained_tokens


def seed_dropout(seed: int, step: int, micro_step: int) -> None:
    """Make dropout a pure function of its place in the run, so a checkpoint needs no generator state."""
    torch.manual_seed((seed * 1_000_003 + step) * 1_009 + micro_step)
