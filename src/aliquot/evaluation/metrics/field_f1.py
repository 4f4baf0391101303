"""Mean over records of the F1 of their fields: 2 right / (expected + answered); unreadable counts 0."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="field_f1",
    title="F1 of fields",
    task_types=("json",),
    unit="share",
    direction="higher",
    range=(0.0, 1.0),
    citation="Powers, J. Mach. Learn. Technol. 2, 37 (2011), arXiv:2010.16061",
    per_item=lambda answers: answers.normalised_N,
)
