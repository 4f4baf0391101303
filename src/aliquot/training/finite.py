"""A step whose loss or gradient is not finite is never applied, and its rows are named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from aliquot.errors import RunError
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.loss import Packing, row_losses


def is_finite(loss: float, norm: float) -> bool:
    """Whether a step may be applied: neither its loss nor the norm of its gradient is NaN or infinite."""
    return math.isfinite(loss) and math.isfinite(norm)


def not_finite(loss: float, norm: float, step: int, culprits: Sequence[str]) -> RunError:
    """Return the error that ends a run before such a step ruins the weights.

    Args:
        loss: Of the step.
        norm: Of its gradient.
        step: Its number, from 1.
        culprits: The rows to look at, by name.
    """
    named = ", ".join(culprits[:10]) + (f" and {len(culprits) - 10} more" if len(culprits) > 10 else "")
    return RunError(
        f"Loss became {loss} (gradient norm {norm}) at step {step}, on the training rows {named}. "
        "The step was not applied; the last checkpoint is kept.",
        code="loss_not_finite",
        hint="Try a lower train.learning_rate, or train.precision float32, or look at these rows.",
    )


def list_culprits(
    model: Any, rows: Sequence[EncodedRow], chosen: Sequence[int], packing: Packing
) -> list[int]:
    """Return the rows of a step whose own loss is not finite; all of them when only the gradient is not."""
    # One by one: in a pass of several, one row's NaN may reach the others.
    losses = {index: row_losses(model, [rows[index]], packing)[0][0] for index in sorted(chosen)}
    return [index for index, loss in losses.items() if not math.isfinite(loss)] or list(losses)
