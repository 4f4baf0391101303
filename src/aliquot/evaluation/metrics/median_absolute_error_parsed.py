"""Median of |answer - reference| over the parsed answers only: optimistic when answers are missing."""

from dataclasses import replace

from aliquot.evaluation.metrics.median_absolute_error import METRIC as IMPUTED

METRIC = replace(
    IMPUTED,
    name="median_absolute_error_parsed",
    title="Median absolute error of parsed answers",
    items="parsed",
)
