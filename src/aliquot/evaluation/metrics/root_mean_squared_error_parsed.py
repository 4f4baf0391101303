"""Root of the mean squared error over the parsed answers only: optimistic when answers are missing."""

from dataclasses import replace

from aliquot.evaluation.metrics.root_mean_squared_error import METRIC as IMPUTED

METRIC = replace(
    IMPUTED,
    name="root_mean_squared_error_parsed",
    title="Root mean squared error of parsed answers",
    items="parsed",
)
