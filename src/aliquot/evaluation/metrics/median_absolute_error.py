"""Median of |answer - reference|, which few wild answers do not move; unparsed counts as training median."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, undefined
from aliquot.evaluation.ranks import count_up, order_values
from aliquot.evaluation.resampling import Statistic


def median_absolute_error(answers: Answers) -> Statistic:
    """Return the median as a statistic; of an even number of items the mean of the two in the middle."""
    if not np.isfinite(answers.error_N).all() or not len(answers):
        return undefined
    errors = order_values(np.abs(answers.error_N))

    def median(counts_RN: Floats) -> Floats:
        up_to_RG = count_up(errors.weigh(counts_RN))
        half_R1 = up_to_RG[:, -1:] / 2
        lower_R, upper_R = (up_to_RG >= half_R1).argmax(axis=1), (up_to_RG > half_R1).argmax(axis=1)
        median_R = (errors.value_G[lower_R] + errors.value_G[upper_R]) / 2
        return np.where(half_R1[:, 0] > 0, median_R, np.nan)

    return median


METRIC = Metric(
    name="median_absolute_error",
    title="Median absolute error",
    task_types=("number",),
    unit="answer",
    direction="lower",
    range=(0.0, None),
    citation="Hampel, J. Am. Stat. Assoc. 69, 383 (1974), doi:10.1080/01621459.1974.10482962",
    prepare=median_absolute_error,
)
