"""Mean of |answer - reference|; an unparsed answer counts as the median of the training references."""

import numpy as np

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="mean_absolute_error",
    title="Mean absolute error",
    task_types=("number",),
    unit="answer",
    direction="lower",
    range=(0.0, None),
    citation="Willmott and Matsuura, Clim. Res. 30, 79 (2005), doi:10.3354/cr030079",
    per_item=lambda answers: np.abs(answers.error_N),
)
