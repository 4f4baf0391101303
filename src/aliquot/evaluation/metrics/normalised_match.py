"""Share of outputs that equal the reference after the text normaliser (case, Unicode form, spaces)."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="normalised_match",
    title="Match after normalisation",
    task_types=("text",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Rajpurkar et al., SQuAD, arXiv:1606.05250",
    interval="wilson",
    per_item=lambda answers: answers.normalised_N,
)
