"""Mean over records of the F1 of fields by path alone: is the form right, whatever the values?"""

from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_totals import count_item_fields
from aliquot.evaluation.metric import Metric, divide


def f1_per_item(answers: Answers) -> Floats:
    """Return N values: 2 found / (expected + answered)."""
    counts = count_item_fields(answers)
    return divide(2 * counts.found, counts.expected + counts.answered)


METRIC = Metric(
    name="key_f1",
    title="F1 of keys",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Powers, J. Mach. Learn. Technol. 2, 37 (2011), arXiv:2010.16061",
    per_item=f1_per_item,
)
