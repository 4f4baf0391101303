"""Every metric of every model, with its interval and where it is defined; opened on demand."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.result import EvaluationReport, MetricValue, ModelResult
from aliquot.export.wording import (
    decimals_for,
    fixed,
    heading,
    interval_text,
    method_title,
    metric_title,
    with_unit,
)

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "zero": "best near zero"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTable:
    """One metric.

    Attributes:
        rows: Model, value, interval, how that was made, items; as text, best model of the report first.
    """

    title: str
    direction: str
    citation: str
    rows: tuple[tuple[str, str, str, str, str], ...]


def describe_all_metrics(
    report: EvaluationReport, best_first: tuple[ModelResult, ...]
) -> tuple[MetricTable, ...]:
    """Return all metrics that any model has, the primary one first, the rest by title."""
    found = {value.metric: value for result in report.results for value in result.metrics}
    names = sorted(found, key=lambda name: (name != report.primary_metric, metric_title(found[name]).lower()))
    return tuple(_table(found[name], best_first) for name in names)


def _table(one: MetricValue, best_first: tuple[ModelResult, ...]) -> MetricTable:
    values = [
        (heading(result), value)
        for result in best_first
        for value in result.metrics
        if value.metric == one.metric
    ]
    decimals = decimals_for(value.interval for _, value in values)
    return MetricTable(
        title=with_unit(metric_title(one), one.unit),
        direction=DIRECTIONS[one.direction],
        citation=one.citation,
        rows=tuple(_row(title, value, decimals) for title, value in values),
    )


def _row(title: str, value: MetricValue, decimals: int) -> tuple[str, str, str, str, str]:
    method = method_title(value.interval.method) if value.interval else ""
    interval = interval_text(value.interval, decimals)
    return (title, fixed(value.value, decimals), interval, method, f"{value.num_items:,}")
