"""Mean of the recall of each class that occurs among the references."""

import numpy as np

from aliquot.evaluation.answers import Floats
from aliquot.evaluation.class_totals import ClassTotals, of_class_totals
from aliquot.evaluation.metric import Metric, divide


def balanced_accuracy(totals: ClassTotals) -> Floats:
    """Return R values: sum of recalls / number of classes that occur."""
    recall_RK = np.nan_to_num(divide(totals.hits_RK, totals.expected_RK))
    return divide(recall_RK.sum(axis=1), (totals.expected_RK > 0).sum(axis=1).astype(float))


METRIC = Metric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Brodersen et al., ICPR 2010, doi:10.1109/ICPR.2010.764",
    prepare=lambda answers: of_class_totals(answers, balanced_accuracy),
)
