"""``results.csv``: every metric of every model with its interval, one value a line, unrounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from aliquot.core.result import MetricValue, ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.export.record import read_scored
from aliquot.export.wording import metric_title
from aliquot.export.writer import Writer

COLUMNS = (
    "model",
    "model_title",
    "kind",
    "split",
    "rows",
    "metric",
    "metric_title",
    "is_primary",
    "value",
    "low",
    "high",
    "confidence",
    "interval_method",
    "num_items",
    "unit",
    "better",
    "signature",
    "citation",
)


def write_results(run_dir: RunDir) -> str | None:
    """Return the table, None before anything was scored.

    ``rows`` is ``all``, or ``without_overlap`` for the primary metric on rows whose prompt does not occur in
    train. What is not defined is empty.
    """
    results = read_scored(run_dir).results
    return tabulate_results(results) if results else None


def tabulate_results(results: Sequence[ModelResult]) -> str:
    """Return the table of these results."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for result in results:
        table.writerows(_line(result, value, "all") for value in result.metrics)
        if result.without_overlap:
            table.writerow(_line(result, result.without_overlap, "without_overlap"))
    return file.getvalue()


def _line(result: ModelResult, value: MetricValue, rows: str) -> list[Any]:
    interval = value.interval
    ends = (interval.low, interval.high, interval.confidence, interval.method) if interval else ("",) * 4
    cells = (
        result.model,
        result.title,
        result.kind,
        result.split,
        rows,
        value.metric,
        metric_title(value),
        int(value.metric == result.primary.metric),
        value.value,
        *ends,
        value.num_items,
        value.unit,
        value.direction,
        value.signature,
        value.citation,
    )
    return [safe_cell(cell) for cell in cells]


WRITER = Writer(
    name="results_csv",
    filename="results.csv",
    title="Every metric of every model with its interval (CSV)",
    write=write_results,
)
