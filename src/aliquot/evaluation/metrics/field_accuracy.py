"""Mean over the references' fields, each by its path, of the share of its values that are right."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_totals import count_path_fields
from aliquot.evaluation.metric import Metric, divide
from aliquot.evaluation.resampling import Sums


def field_accuracy(answers: Answers) -> Sums:
    """Return the mean over the fields of the references of right / expected, as a statistic."""
    totals = count_path_fields(answers)
    num_fields = totals.expected_NF.shape[1]

    def of_sums(sums_RC: Floats) -> Floats:
        expected_RF, right_RF = sums_RC[:, :num_fields], sums_RC[:, num_fields:]
        share_RF = np.nan_to_num(divide(right_RF, expected_RF))
        return divide(share_RF.sum(axis=1), (expected_RF > 0).sum(axis=1).astype(float))

    return Sums(np.hstack([totals.expected_NF, totals.right_NF]), of_sums)


METRIC = Metric(
    name="field_accuracy",
    title="Accuracy per field",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Opitz and Burst, arXiv:1911.03347 (the mean over classes)",
    prepare=field_accuracy,
)
