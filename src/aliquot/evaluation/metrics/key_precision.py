"""Mean over records of the share of answered fields that the reference has, whatever their values."""

import numpy as np

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_totals import count_item_fields
from aliquot.evaluation.metric import Metric, divide


def precision_per_item(answers: Answers) -> Floats:
    """Return N shares; 0 where nothing could be read."""
    counts = count_item_fields(answers)
    return np.nan_to_num(divide(counts.found, counts.answered))


METRIC = Metric(
    name="key_precision",
    title="Precision of keys",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Powers, J. Mach. Learn. Technol. 2, 37 (2011), arXiv:2010.16061",
    per_item=precision_per_item,
)
