"""What the loop minimises: an objective says what one pass adds to a step's loss, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from aliquot.tokenization.encoder import EncodedRow


@dataclass(frozen=True, slots=True)
class PassSums:
    """What the rows of one pass add to a step.

    Attributes:
        loss: Summed over their terms, with its gradient.
        measures: Sums of what is told beside the loss, by name, without gradient.
        computed_tokens: Tokens that went through the model.
    """

    loss: torch.Tensor
    measures: Mapping[str, torch.Tensor]
    computed_tokens: int


class Objective(Protocol):
    """A loss that is a mean over the terms of a whole step, so that no cut into micro-batches changes it."""

    @property
    def measures(self) -> tuple[str, ...]:
        """What is told of a step beside its loss, by name: each a mean over the same terms."""
        ...

    def num_terms(self, rows: Sequence[EncodedRow]) -> int:
        """Return what the sums of some rows are divided by."""
        ...

    def sum_pass(self, model: Any, rows: Sequence[EncodedRow], layout: str) -> PassSums:
        """Run one pass forward."""
        ...
