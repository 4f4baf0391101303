"""Share of items whose most probable label is right, whatever text was generated."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric


def is_likeliest_right_per_item(answers: Answers) -> Floats:
    """Return N zeros and ones; a tie goes to the first label. NaN when there are no probabilities."""
    if answers.probabilities_NK is None:
        return np.full(len(answers), np.nan)
    return (answers.probabilities_NK.argmax(axis=1) == answers.reference_index_N).astype(float)


METRIC = Metric(
    name="accuracy_from_probabilities",
    title="Accuracy of the likeliest label",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Wang et al., arXiv:2402.14499, on why text and probabilities may disagree",
    interval="wilson",
    per_item=is_likeliest_right_per_item,
)
