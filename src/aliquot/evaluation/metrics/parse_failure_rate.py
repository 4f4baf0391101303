"""Share of answers that the declared normaliser cannot read."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="parse_failure_rate",
    title="Unreadable answers",
    task_types=("labels", "number", "text", "set", "json", "molecule", "composition"),
    unit="share",
    direction="lower",
    range=(0.0, 1.0),
    citation="Jablonka et al., Nat. Mach. Intell. 2024, doi:10.1038/s42256-023-00788-1",
    interval="wilson",
    unlabelled="unbiased",
    per_item=lambda answers: (~answers.is_parsed_N).astype(float),
)
