"""Mean of answer - reference, the bias: positive where answers are too high. Unparsed: training median."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="mean_error",
    title="Bias",
    task_types=("number",),
    unit="answer",
    direction="zero",
    range=(None, None),
    citation="Willmott, Bull. Am. Meteorol. Soc. 63, 1309 (1982)",
    per_item=lambda answers: answers.error_N,
)
