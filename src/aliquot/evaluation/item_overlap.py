"""How far two sets of items overlap: what the metrics of sets are made of."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from aliquot.core.item_set import load_items
from aliquot.evaluation.answers import Answers, Floats


class Overlap(NamedTuple):
    """Items of an answer and of a reference, counted. Two empty sets agree in everything."""

    shared: int
    answered: int
    expected: int

    @property
    def precision(self) -> float:
        """Share of the answered items that are right; of no items none, unless none was expected."""
        return self.shared / self.answered if self.answered else float(not self.expected)

    @property
    def recall(self) -> float:
        """Share of the expected items that were answered."""
        return self.shared / self.expected if self.expected else float(not self.answered)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.answered + self.expected
        return 2 * self.shared / total if total else 1.0

    @property
    def jaccard(self) -> float:
        """Shared items divided by all items."""
        union = self.answered + self.expected - self.shared
        return self.shared / union if union else 1.0


def measure_best(answers: Answers, name: Literal["precision", "recall", "f1", "jaccard"]) -> Floats:
    """Return for each of N answers the best value over its accepted sets; 0 where it is unreadable."""
    return np.array(
        [
            0.0 if answer is None else max(getattr(_overlap(answer, right), name) for right in accepted)
            for answer, accepted in zip(answers.parsed, answers.accepted, strict=True)
        ]
    )


def _overlap(answer: str, expected: str) -> Overlap:
    answered, right = load_items(answer), load_items(expected)
    return Overlap(len(answered & right), len(answered), len(right))
