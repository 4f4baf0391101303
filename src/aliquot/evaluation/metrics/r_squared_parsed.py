"""Share of the variance explained over the parsed answers only: optimistic when answers are missing."""

from dataclasses import replace

from aliquot.evaluation.metrics.r_squared import METRIC as IMPUTED

METRIC = replace(IMPUTED, name="r_squared_parsed", title="R² of parsed answers", items="parsed")
