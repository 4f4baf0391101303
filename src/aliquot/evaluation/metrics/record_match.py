"""Share of records with every field right, none missing and none extra, numbers within the tolerance."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="record_match",
    title="Whole record right",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rajpurkar et al., SQuAD, arXiv:1606.05250",
    interval="wilson",
    per_item=lambda answers: (answers.normalised_N == 1.0).astype(float),
)
