"""Mean of shared items / all items of answer and reference, the best over accepted sets."""

from aliquot.evaluation.item_overlap import measure_best
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="jaccard",
    title="Jaccard similarity",
    task_types=("set",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Jaccard, New Phytol. 11, 37 (1912), doi:10.1111/j.1469-8137.1912.tb05611.x",
    per_item=lambda answers: measure_best(answers, "jaccard"),
)
