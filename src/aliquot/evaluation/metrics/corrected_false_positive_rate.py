"""Share of the negatives among the unlabelled items answered positive, by the class prior; 0 if below."""

import numpy as np

from aliquot.evaluation.metric import Metric
from aliquot.evaluation.unlabelled import CITATION, of_rates

METRIC = Metric(
    name="corrected_false_positive_rate",
    title="False-positive rate, corrected",
    task_types=("labels",),
    unit="share",
    direction="lower",
    range=(0.0, 1.0),
    citation=CITATION,
    unlabelled="corrected",
    prepare=lambda answers: of_rates(answers, lambda rates: np.clip(rates.false_positive_R, 0.0, 1.0)),
)
