"""Maximum likelihood of answers, or of plain texts: the mean negative log-likelihood per trained token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aliquot.modeling.forward import token_losses
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.objective import PassSums


class Supervised:
    """The objective of conversations and of plain texts: its terms are the trained tokens, ends included."""

    measures = ("token_accuracy",)

    def num_terms(self, rows: Sequence[EncodedRow]) -> int:
        """Return the trained tokens."""
        return sum(row.num_trained_tokens for row in rows)

    def sum_pass(self, model: Any, rows: Sequence[EncodedRow], layout: str) -> PassSums:
        """Return the summed loss in nats, and how many tokens were the most probable ones."""
        result = token_losses(model, rows, layout)
        hits = {"token_accuracy": result.is_hit_Q.sum()}
        return PassSums(result.losses_Q.sum(), hits, result.computed_tokens)


SUPERVISED = Supervised()
