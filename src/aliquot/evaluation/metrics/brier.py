"""Mean of the squared distance of the label probabilities from the truth; 0 to 2, twice the binary form."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric


def squared_distance_per_item(answers: Answers) -> Floats:
    """Return N values; NaN everywhere when the model gave no probabilities."""
    if answers.probabilities_NK is None:
        return np.full(len(answers), np.nan)
    truth_NK = np.eye(len(answers.labels))[answers.reference_index_N]
    return ((answers.probabilities_NK - truth_NK) ** 2).sum(axis=1)


METRIC = Metric(
    name="brier",
    title="Brier score",
    task_types=("labels",),
    unit="",
    direction="lower",
    range=(0.0, 2.0),
    citation="Brier, Mon. Weather Rev. 78, 1 (1950)",
    per_item=squared_distance_per_item,
)
