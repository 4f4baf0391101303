"""Share of the known positives answered positive, where the other items are unlabelled; recall, unbiased."""

from aliquot.evaluation.metric import Metric
from aliquot.evaluation.unlabelled import CITATION, of_rates

METRIC = Metric(
    name="true_positive_rate",
    title="True-positive rate",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation=CITATION,
    unlabelled="corrected",
    prepare=lambda answers: of_rates(answers, lambda rates: rates.true_positive_R),
)
