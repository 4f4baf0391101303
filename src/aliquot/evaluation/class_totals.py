"""Per-class totals of resampled answers: all that metrics of the confusion matrix need.

Shape letters: R resamples, K labels, N items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aliquot.evaluation.answers import Answers, Floats, Indices, Mask


@dataclass(frozen=True, slots=True)
class ClassTotals:
    """Counts per resample and class.

    Attributes:
        expected_RK: Items whose reference is the class.
        answered_RK: Items answered with the class; unparsed answers are in none.
        hits_RK: Items of the class that were answered with it.
        unparsed_R: Items without a readable answer.
    """

    expected_RK: Floats
    answered_RK: Floats
    hits_RK: Floats
    unparsed_R: Floats


def count_classes(answers: Answers, counts_RN: Floats) -> ClassTotals:
    """Return the totals of every resample."""
    num_labels = len(answers.labels)
    is_hit = answers.answer_index_N == answers.reference_index_N
    answered = counts_RN @ _indicators(answers.answer_index_N, num_labels + 1)
    return ClassTotals(
        expected_RK=counts_RN @ _indicators(answers.reference_index_N, num_labels),
        answered_RK=answered[:, :num_labels],
        hits_RK=counts_RN @ _indicators(answers.reference_index_N, num_labels, where=is_hit),
        unparsed_R=answered[:, num_labels],
    )


def _indicators(index_N: Indices, num_columns: int, where: Mask | None = None) -> Floats:
    columns = np.zeros((len(index_N), num_columns))
    columns[np.arange(len(index_N)), index_N] = 1.0 if where is None else where
    return columns
