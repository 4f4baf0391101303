"""Share of positives among the unlabelled items answered positive, by the class prior; 1 if above.

Undefined where nothing is answered positive.
"""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import Metric, divide
from aliquot.evaluation.unlabelled import CITATION, Rates, of_rates


def corrected_precision(rates: Rates) -> Floats:
    """Return R values."""
    found_R = rates.prior * rates.true_positive_R
    # More positives than calls: chance, or too high a prior.
    return np.where(found_R > rates.called_R, 1.0, divide(found_R, rates.called_R))


METRIC = Metric(
    name="corrected_precision",
    title="Precision among the unlabelled, corrected",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation=CITATION,
    unlabelled="corrected",
    prepare=lambda answers: of_rates(answers, corrected_precision),
)
