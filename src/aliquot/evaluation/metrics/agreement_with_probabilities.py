"""Share of items whose generated label is the most probable one; an unparsed answer agrees with none.

It says nothing about being right: where it is low, text and probabilities tell of two different models.
"""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric


def agrees_per_item(answers: Answers) -> Floats:
    """Return N zeros and ones; of equally probable labels any agrees. NaN without probabilities."""
    table = answers.probabilities_NK
    if table is None:
        return np.full(len(answers), np.nan)
    with_none_N = np.hstack([table, np.full((len(table), 1), -1.0)])
    answered_N = with_none_N[np.arange(len(table)), answers.answer_index_N]
    return (answered_N == table.max(axis=1)).astype(float)


METRIC = Metric(
    name="agreement_with_probabilities",
    title="Agreement of text and likeliest label",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Wang et al., arXiv:2402.14499, on why text and probabilities may disagree",
    interval="wilson",
    unlabelled="unbiased",
    per_item=agrees_per_item,
)
