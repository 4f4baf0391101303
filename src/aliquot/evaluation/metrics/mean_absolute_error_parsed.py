"""Mean of |answer - reference| over the parsed answers only: optimistic when answers are missing."""

from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="mean_absolute_error_parsed",
    title="Mean absolute error of parsed answers",
    task_types=("number",),
    unit="answer",
    direction="lower",
    range=(0.0, None),
    citation="Willmott and Matsuura, Clim. Res. 30, 79 (2005), doi:10.3354/cr030079",
    per_item=lambda answers: answers.normalised_N,
)
