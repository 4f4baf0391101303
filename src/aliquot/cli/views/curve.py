"""A learning curve on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import percent, table
from aliquot.core.curve import Curve, CurveReport
from aliquot.export.curve_page import find_decimals
from aliquot.export.wording import fixed, heading, interval_text, with_unit


def report(record: CurveReport) -> list[RenderableType]:
    """Return what more rows would bring, a line per number of rows and model, and what limits the figures."""
    decimals = find_decimals(record)
    several = sum(curve.kind == "tuned" for curve in record.curves) > 1
    rows = [cells for curve in record.curves for cells in _list_cells(curve, decimals, several)]
    rows += [
        (
            level.title,
            "",
            fixed(level.primary.value, decimals),
            interval_text(level.primary.interval, decimals),
            "",
        )
        for level in record.levels
    ]
    title = with_unit(record.metric_title, record.unit)
    headings = ("model", "rows", title, f"{percent(record.confidence)} interval", "steps")
    said = [one.sentence for one in record.efficiencies[1:]]
    return [
        Text(record.headline, "bold"),
        Text(),
        table(headings, rows, right="1234", short=0),
        Text(f"{record.num_items:,} {record.split} rows", "dim"),
        *(Text(sentence) for sentence in said),
        *(Text(note, "dim") for note in record.notes),
    ]


def _list_cells(curve: Curve, decimals: int, several: bool) -> list[tuple[str, ...]]:
    name = curve.base if several and curve.kind == "tuned" else heading(curve)
    return [
        (
            name if not number else "",
            f"{point.num_rows:,}",
            fixed(point.value, decimals),
            interval_text(point.interval, decimals),
            f"{point.num_steps:,.0f}" if point.num_steps else "",
        )
        for number, point in enumerate(curve.points)
    ]
