"""A comparison of bases on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views import results
from aliquot.cli.views.layout import heading, table
from aliquot.core.bench import BenchReport
from aliquot.export.bench_page import rank_rows


def report(record: BenchReport) -> list[RenderableType]:
    """Return the leaderboard of each data set, and ranks over all."""
    parts: list[RenderableType] = [Text(record.headline, "bold")]
    for task in record.tasks:
        parts += [heading(task.name), *results.full(task.scores)]
    if len(record.tasks) > 1:
        headings = ("model", "mean rank", *(task.name for task in record.tasks))
        right = "".join(str(index) for index in range(1, min(10, len(headings))))
        parts += [heading("Ranks"), table(headings, rank_rows(record), right=right)]
    parts += [Text(), Text(f"Settings: {record.settings_by}.", "dim")]
    return parts + [Text(note, "dim") for note in record.notes]
