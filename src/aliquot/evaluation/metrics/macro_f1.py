"""Mean of the F1 of each class that occurs among references or answers."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.class_totals import ClassTotals, of_class_totals
from aliquot.evaluation.metric import Metric, divide


def macro_f1(totals: ClassTotals) -> Floats:
    """Return R values; F1 = 2 hits / (expected + answered). Unparsed answers lower recall only."""
    occurs_RK = totals.expected_RK + totals.answered_RK
    f1_RK = np.nan_to_num(divide(2 * totals.hits_RK, occurs_RK))
    return divide(f1_RK.sum(axis=1), (occurs_RK > 0).sum(axis=1).astype(float))


METRIC = Metric(
    name="macro_f1",
    title="Macro F1",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Opitz and Burst, arXiv:1911.03347 (the mean of F1 values)",
    prepare=lambda answers: of_class_totals(answers, macro_f1),
)
