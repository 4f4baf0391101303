"""Share of items whose answer is the right label; an unparsed answer is wrong."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="accuracy",
    title="Accuracy",
    task_types=("labels",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Wilson, J. Am. Stat. Assoc. 22, 209 (1927), doi:10.1080/01621459.1927.10502953",
    interval="wilson",
    per_item=lambda answers: answers.normalised_N,
)
