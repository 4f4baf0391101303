"""A cross-validation on a terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views import results
from aliquot.cli.views.layout import table
from aliquot.core.crossval import CrossvalReport
from aliquot.export.crossval_page import fold_cells, say_range
from aliquot.export.record import ranked
from aliquot.export.wording import metric_title, report_decimals


def report(record: CrossvalReport) -> list[RenderableType]:
    """Return the pooled scores, and a line per fold."""
    decimals, models = report_decimals(record.pooled), ranked(record.pooled.results)
    pooled = replace(record.pooled, headline=record.headline, notes=())
    rows = [(fold.held_out, *fold_cells(fold, models, decimals)) for fold in record.folds]
    rows.append(("lowest to highest", "", "", *(say_range(record, one, decimals) for one in models)))
    headings = ("test", "rows", "trained on", *(one.title for one in models))
    right = "".join(str(index) for index in range(1, min(10, len(headings))))
    return [
        *results.full(pooled),
        Text(),
        Text(f"{metric_title(record.pooled.primary_metric)} in every fold", "dim"),
        table(headings, rows, right=right),
        *(Text(note, "dim") for note in record.notes),
    ]
