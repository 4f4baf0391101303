"""Mean of the true-positive rate and 1 less the corrected false-positive rate; 1 if above.

Whatever the prior, it puts models in the same order: the prior only stretches the scale around one half.
"""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.unlabelled import CITATION, Rates, of_rates


def corrected_balanced_accuracy(rates: Rates) -> Floats:
    """Return R values."""
    return np.clip((1 + rates.true_positive_R - rates.false_positive_R) / 2, 0.0, 1.0)


METRIC = Metric(
    name="corrected_balanced_accuracy",
    title="Balanced accuracy, corrected",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation=CITATION,
    unlabelled="corrected",
    prepare=lambda answers: of_rates(answers, corrected_balanced_accuracy),
)
