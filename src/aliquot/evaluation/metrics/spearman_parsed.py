"""Rank correlation over the parsed answers only: optimistic when answers are missing."""

from dataclasses import replace

from aliquot.evaluation.metrics.spearman import METRIC as IMPUTED

METRIC = replace(
    IMPUTED, name="spearman_parsed", title="Spearman correlation of parsed answers", items="parsed"
)
