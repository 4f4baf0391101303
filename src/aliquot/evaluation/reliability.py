"""The reliability diagram of a model: how often it is right where it is about equally sure.

Shape letters: N items, B bins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aliquot.core.result import Prediction, Reliability, ReliabilityBin
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metrics.accuracy_from_probabilities import is_likeliest_right_per_item
from aliquot.evaluation.metrics.expected_calibration_error import equal_mass_bins
from aliquot.evaluation.statistics import wilson_interval

SMALL_LABEL_MASS = 0.9
"""Below this share of probability on the labels, a model mostly wanted to say something else."""


def describe_reliability(
    model: str,
    answers: Answers,
    predictions: Sequence[Prediction],
    *,
    confidence: float,
    has_groups: bool,
) -> Reliability | None:
    """Return a model's bins and how much of its probability was on the labels; None without probabilities.

    Args:
        model: Its name.
        answers: Its answers.
        predictions: What they were made from, in any order.
        confidence: Of the bins' intervals.
        has_groups: Whether items come in groups, so that Wilson's interval would be too narrow.
    """
    if answers.probabilities_NK is None or not len(answers):
        return None
    sure_N, is_right_N = answers.probabilities_NK.max(axis=1), is_likeliest_right_per_item(answers)
    bin_N = equal_mass_bins(sure_N)
    chosen = [bin_N == number for number in np.unique(bin_N)]
    level = None if has_groups else confidence
    masses = [found.label_mass for found in predictions if found.label_mass is not None]
    return Reliability(
        model=model,
        bins=tuple(_describe(sure_N[items], is_right_N[items], level) for items in chosen),
        mean_label_mass=float(np.mean(masses)) if masses else None,
        share_small_mass=float(np.mean(np.array(masses) < SMALL_LABEL_MASS)) if masses else None,
    )


def _describe(sure_N: Floats, is_right_N: Floats, confidence: float | None) -> ReliabilityBin:
    num_right, num_items = int(is_right_N.sum()), len(is_right_N)
    return ReliabilityBin(
        num_items=num_items,
        low=float(sure_N.min()),
        high=float(sure_N.max()),
        mean_confidence=float(sure_N.mean()),
        accuracy=num_right / num_items,
        interval=None if confidence is None else wilson_interval(num_right, num_items, confidence),
    )
