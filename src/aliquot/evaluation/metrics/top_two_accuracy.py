"""Share of items whose label is among the two most probable; with two labels it would say nothing."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric

TOP = 2


def is_among_likeliest_per_item(answers: Answers) -> Floats:
    """Return N zeros and ones; of equals the first label counts as more probable. NaN where undefined."""
    table = answers.probabilities_NK
    if table is None or table.shape[1] <= TOP:
        return np.full(len(answers), np.nan)
    index_N1 = answers.reference_index_N[:, None]
    chosen_N1 = np.take_along_axis(table, index_N1, axis=1)
    comes_before_NK = (table > chosen_N1) | ((table == chosen_N1) & (np.arange(table.shape[1]) < index_N1))
    return (comes_before_NK.sum(axis=1) < TOP).astype(float)


METRIC = Metric(
    name="top_two_accuracy",
    title="Top-2 accuracy",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Russakovsky et al., Int. J. Comput. Vis. 115, 211 (2015), doi:10.1007/s11263-015-0816-y",
    interval="wilson",
    per_item=is_among_likeliest_per_item,
)
