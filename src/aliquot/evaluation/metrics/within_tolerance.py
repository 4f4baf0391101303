"""Share of answers no further from the reference than the declared tolerance; unparsed is outside."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.metric import Metric

ROUNDING = 1e-9
"""Relative slack, so that 0.3 counts as within 0.1 of 0.2 although their floats differ."""


def is_within_per_item(answers: Answers) -> Floats:
    """Return N zeros and ones; NaN when no tolerance is declared."""
    if answers.tolerance is None:
        return np.full(len(answers), np.nan)
    limit = answers.tolerance + ROUNDING * np.maximum(answers.tolerance, np.abs(answers.reference_number_N))
    return (np.nan_to_num(answers.normalised_N, nan=np.inf) <= limit).astype(float)


METRIC = Metric(
    name="within_tolerance",
    title="Within tolerance",
    task_types=("number",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="The tolerance is the setting evaluate.tolerance",
    interval="wilson",
    per_item=is_within_per_item,
)
