"""Mean over records of the share of expected fields that the answer has, whatever their values."""

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_totals import count_item_fields
from aliquot.evaluation.metric import Metric, divide


def recall_per_item(answers: Answers) -> Floats:
    """Return N shares; every reference has at least one field."""
    counts = count_item_fields(answers)
    return divide(counts.found, counts.expected)


METRIC = Metric(
    name="key_recall",
    title="Recall of keys",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Powers, J. Mach. Learn. Technol. 2, 37 (2011), arXiv:2010.16061",
    per_item=recall_per_item,
)
