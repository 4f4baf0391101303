"""Root of the mean squared error; unparsed answers count as the median of the training references."""

import numpy as np

from aliquot.evaluation.metric import Metric, mean_of

METRIC = Metric(
    name="root_mean_squared_error",
    title="Root mean squared error",
    task_types=("number",),
    unit="answer",
    direction="lower",
    range=(0.0, None),
    citation="Chai and Draxler, Geosci. Model Dev. 7, 1247 (2014), doi:10.5194/gmd-7-1247-2014",
    prepare=lambda answers: mean_of(answers.error_N**2, np.sqrt),
)
