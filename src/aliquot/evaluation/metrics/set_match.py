"""Share of answers that list exactly the items of an accepted set, in any order."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="set_match",
    title="Exact set match",
    task_types=("set",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rajpurkar et al., SQuAD, arXiv:1606.05250",
    interval="wilson",
    per_item=lambda answers: answers.normalised_N,
)
