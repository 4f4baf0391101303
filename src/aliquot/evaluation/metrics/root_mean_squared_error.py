"""Root of the mean squared error; unparsed answers count as the median of the training references."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric, weighted_mean


def root_mean_squared_error(answers: Answers, counts_RN: Floats) -> Floats:
    """Return R values."""
    return np.sqrt(weighted_mean(answers.error_N**2, counts_RN))


METRIC = Metric(
    name="root_mean_squared_error",
    title="Root mean squared error",
    task_types=("number",),
    unit="answer",
    direction="lower",
    range=(0.0, None),
    citation="Chai and Draxler, Geosci. Model Dev. 7, 1247 (2014), doi:10.5194/gmd-7-1247-2014",
    aggregate=root_mean_squared_error,
)
