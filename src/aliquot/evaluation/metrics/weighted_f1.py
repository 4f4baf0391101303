"""Mean of the F1 of each class, weighted by how often the class is expected."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.class_totals import ClassTotals, of_class_totals
from aliquot.evaluation.metric import Metric, divide


def weighted_f1(totals: ClassTotals) -> Floats:
    """Return R values; F1 = 2 hits / (expected + answered). Unparsed answers lower recall only."""
    f1_RK = np.nan_to_num(divide(2 * totals.hits_RK, totals.expected_RK + totals.answered_RK))
    return divide((f1_RK * totals.expected_RK).sum(axis=1), totals.expected_RK.sum(axis=1))


METRIC = Metric(
    name="weighted_f1",
    title="Weighted F1",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="van Rijsbergen, Information Retrieval, 2nd ed. (1979), for F1; mean weighted by support",
    prepare=lambda answers: of_class_totals(answers, weighted_f1),
)
