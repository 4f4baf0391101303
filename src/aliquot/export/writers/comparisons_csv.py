"""``comparisons.csv``: every paired comparison with its test, one a line, unrounded."""

from __future__ import annotations

import csv
import io
from typing import Any

from aliquot.core.result import Comparison
from aliquot.core.run_dir import RunDir
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.export.writer import Writer

COLUMNS = (
    "model",
    "other",
    "metric",
    "difference",
    "low",
    "high",
    "confidence",
    "interval_method",
    "test",
    "p_value",
    "p_value_holm",
    "family",
    "num_in_family",
    "num_items",
    "num_only_model",
    "num_only_other",
    "sentence",
)


def write_comparisons(run_dir: RunDir) -> str | None:
    """Return the table, None where nothing was compared.

    ``difference`` is model minus other; ``p_value_holm`` is adjusted within ``family``, which has
    ``num_in_family`` comparisons and is called ``all`` where it has every one of the table.
    """
    report = run_dir.find_report()
    if report is None or not report.comparisons:
        return None
    families = [comparison.family for comparison in report.comparisons]
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_line(one, families.count(one.family)) for one in report.comparisons)
    return file.getvalue()


def _line(one: Comparison, num_in_family: int) -> list[Any]:
    interval = one.interval
    cells = (
        one.model,
        one.other,
        one.metric,
        one.difference,
        interval.low,
        interval.high,
        interval.confidence,
        interval.method,
        one.test,
        one.p_value,
        one.p_value_holm,
        one.family or "all",
        num_in_family,
        one.num_items,
        one.num_only_model,
        one.num_only_other,
        one.sentence,
    )
    return [safe_cell(cell) for cell in cells]


WRITER = Writer(
    name="comparisons_csv",
    filename="comparisons.csv",
    title="Every paired comparison with its interval and test (CSV)",
    write=write_comparisons,
)
