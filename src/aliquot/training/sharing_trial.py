"""Does prefix sharing give the right gradient on this device, with this model? Tried before it is used.

Kernels, drivers and model code differ; a wrong mask would not crash but train something else. So a few rows
go through the model twice, together on a prefix tree and each alone as transformers runs it, and the
gradients of the trained weights are compared. It costs about as much as a training step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from aliquot.modeling.forward import token_losses
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.optimizer import trained_parameters

MAX_DIFFERENCE = {torch.float64: 1e-3, torch.float32: 1e-3, torch.bfloat16: 3e-2}
"""Relative norm of the difference that rounding may explain. SmolLM2-135M gives 6e-7 in float32 and 8e-3 in
bfloat16 (7e-3 on an H100, where padded bfloat16 itself is 1.2e-2 from float32). Faults give more: on the tiny
test model positions shifted by one 0.03, a mask that sees one token too far 0.17, a row without loss 0.28."""

NUM_ROWS = 4


def largest_difference(model: Any) -> float:
    """Return the difference that the rounding of a model's precision may explain."""
    return MAX_DIFFERENCE[model.dtype]


def sharing_difference(model: Any, rows: Sequence[EncodedRow]) -> float:
    """Return how far the shared gradient is from that of rows alone, as a relative norm; dropout is off.

    Args:
        model: As it is about to be trained; its gradients are cleared.
        rows: Training rows; the shortest few are taken.
    """
    few = sorted(rows, key=lambda row: (len(row.token_ids), row.token_ids))[:NUM_ROWS]
    was_training = model.training
    model.eval()
    together = _gradient(model, [few], "prefix_tree")
    alone = _gradient(model, [[row] for row in few], "padded")
    model.zero_grad(set_to_none=True)
    model.train(was_training)
    return ((together - alone).norm() / alone.norm()).item()


def _gradient(model: Any, passes: Sequence[Sequence[EncodedRow]], layout: str) -> torch.Tensor:
    model.zero_grad(set_to_none=True)
    for rows in passes:
        token_losses(model, rows, layout).losses_Q.sum().backward()
    gradients = [one.grad for one in trained_parameters(model) if one.grad is not None]
    return torch.cat([gradient.flatten() for gradient in gradients])
