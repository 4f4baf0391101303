"""Share of outputs that equal the reference to the letter: the score without any normaliser."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="exact_match",
    title="Exact match",
    task_types=("labels", "text", "set", "json", "molecule", "composition"),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rajpurkar et al., SQuAD, arXiv:1606.05250",
    interval="wilson",
    per_item=lambda answers: answers.raw_N,
)
