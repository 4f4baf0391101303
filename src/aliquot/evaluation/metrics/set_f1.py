"""Mean over answers of the F1 of their items, the best over accepted sets."""

from aliquot.evaluation.item_overlap import measure_best
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="set_f1",
    title="F1 of items",
    task_types=("set",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Powers, J. Mach. Learn. Technol. 2, 37 (2011), arXiv:2010.16061",
    per_item=lambda answers: measure_best(answers, "f1"),
)
