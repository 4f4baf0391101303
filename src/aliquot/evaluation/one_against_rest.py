"""Metrics of ranking one label against the rest, averaged over the labels that occur.

Shape letters: N items, P those of one label, G groups of equal probability, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aliquot.evaluation.answers import Answers, Floats, Indices
from aliquot.evaluation.metric import divide, undefined
from aliquot.evaluation.ranks import Ordered, order_values
from aliquot.evaluation.resampling import Statistic


@dataclass(frozen=True, slots=True)
class Ranking:
    """The items by the probability of one label.

    Attributes:
        all: All N items.
        positive_P: The items whose reference is the label.
        positives: These, by the same probability.
    """

    all: Ordered
    positive_P: Indices
    positives: Ordered


def mean_over_labels(answers: Answers, of_label: Callable[[Ranking, Floats], Floats]) -> Statistic:
    """Return the mean over labels of a metric of one label against the rest, as a statistic.

    A label is left out of a resample where the metric is undefined for it.

    Args:
        answers: With probabilities; else the statistic is undefined.
        of_label: The items by the probability of a label, and counts RN → R values, NaN where undefined.
    """
    table = answers.probabilities_NK
    if table is None or not len(answers):
        return undefined
    rankings = [rank_label(answers, label) for label in np.unique(answers.reference_index_N).tolist()]

    def mean(counts_RN: Floats) -> Floats:
        values_KR = np.stack([of_label(ranking, counts_RN) for ranking in rankings])
        is_defined_KR = np.isfinite(values_KR)
        return divide(np.where(is_defined_KR, values_KR, 0.0).sum(axis=0), is_defined_KR.sum(axis=0))

    return mean


def rank_label(answers: Answers, label: int) -> Ranking:
    """Return the items by the probability of a label, given by its number; with probabilities only."""
    assert answers.probabilities_NK is not None
    score_N = answers.probabilities_NK[:, label]
    positive_P = np.flatnonzero(answers.reference_index_N == label)
    return Ranking(order_values(score_N), positive_P, order_values(score_N[positive_P]))
