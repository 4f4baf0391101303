"""Mean over the references' fields, each by its path, of the share of its values that are right."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_totals import count_path_fields
from aliquot.evaluation.metric import Metric, divide


def field_accuracy(answers: Answers, counts_RN: Floats) -> Floats:
    """Return R values: the mean over the fields of the references of right / expected."""
    totals = count_path_fields(answers)
    expected_RF = counts_RN @ totals.expected_NF
    share_RF = np.nan_to_num(divide(counts_RN @ totals.right_NF, expected_RF))
    return divide(share_RF.sum(axis=1), (expected_RF > 0).sum(axis=1).astype(float))


METRIC = Metric(
    name="field_accuracy",
    title="Accuracy per field",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Opitz and Burst, arXiv:1911.03347 (the mean over classes)",
    aggregate=field_accuracy,
)
