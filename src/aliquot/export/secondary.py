"""Which metrics stand beside the primary one in a table of models."""

from __future__ import annotations

from aliquot.core.result import EvaluationReport

SECONDARY = (
    "balanced_accuracy",
    "macro_f1",
    "matthews",
    "roc_auc",
    "negative_log_likelihood",
    "expected_calibration_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r_squared",
    "spearman",
    "mean_error",
    "within_tolerance",
    "record_match",
    "field_accuracy",
    "schema_valid",
    "set_f1",
    "jaccard",
    "tanimoto",
    "exact_match",
    "normalised_match",
    "token_f1",
    "chrf",
    "edit_similarity",
)
"""Further metrics in the table, as far as the task has them; the rest is opened on demand."""
MAX_SECONDARY = 6


def list_secondary(report: EvaluationReport) -> list[str]:
    """Return the metrics that stand beside the primary one in tables, those without a value left out."""
    found = {value.metric for result in report.results for value in result.metrics if value.value is not None}
    return [name for name in SECONDARY if name in found - {report.primary_metric}][:MAX_SECONDARY]
