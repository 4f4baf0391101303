"""What the loop minimises: an objective knows its loss, the loop knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from aliquot.core.spec import TrainingSpec
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.loss import Packing, StepLoss
from aliquot.training.process_group import ALONE, ProcessGroup


class Objective(Protocol):
    """A loss that is a mean over a whole step, so that no cut into micro-batches changes it."""

    def accumulate_gradients(
        self,
        model: Any,
        rows: Sequence[EncodedRow],
        spec: TrainingSpec,
        *,
        step: int,
        packing: Packing,
        group: ProcessGroup = ALONE,
    ) -> StepLoss:
        """Add the gradient of the step's loss to the trained parameters, on every process the same."""
        ...

    def mean_loss(
        self,
        model: Any,
        rows: Sequence[EncodedRow],
        spec: TrainingSpec,
        packing: Packing,
        group: ProcessGroup = ALONE,
    ) -> float:
        """Return the mean loss of held-out rows, dropout off."""
        ...
