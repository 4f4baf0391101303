"""Per-class totals of resampled answers: all that metrics of the confusion matrix need.

Shape letters: R resamples, K labels, N items, C columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.resampling import Sums


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


def of_class_totals(answers: Answers, finish: Callable[[ClassTotals], Floats]) -> Sums:
    """Return a metric of the confusion matrix as a statistic.

    Args:
        answers: Answers of a task with closed labels.
        finish: Totals of R resamples → R values.
    """
    num_labels = len(answers.labels)

    def of_sums(sums_RC: Floats) -> Floats:
        expected, answered, hits = np.split(sums_RC, [num_labels, 2 * num_labels + 1], axis=1)
        totals = ClassTotals(
            expected_RK=expected, answered_RK=answered[:, :-1], hits_RK=hits, unparsed_R=answered[:, -1]
        )
        return finish(totals)

    return Sums(answers.class_columns_NC, of_sums)
