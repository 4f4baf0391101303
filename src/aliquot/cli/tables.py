"""Which view shows which record: full when it is a verb's result, brief when it is news on the way."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

FULL = {
    "DataReport": "data:full",
    "Plan": "plan:full",
    "RecipeTable": "recipes:table_of_recipes",
    "Where": "where:full",
    "EvaluationReport": "results:full",
    "RunResult": "results:run",
    "RunsComparison": "results:comparison",
    "SeedsResult": "seeds:full",
    "SweepResult": "sweep:full",
    "StudyResult": "study:full",
    "RunSummary": "runs:table_of",
    "RunDetails": "runs:details",
    "ModelSummary": "models:table_of",
    "TokenView": "tokens:table_of",
    "ModelDetails": "models:details",
    "Diagnosis": "doctor:full",
    "Conversion": "conversion:full",
}
BRIEF = {"DataReport": "data:brief", "Plan": "plan:brief"}


def as_tables(record: Any, **options: Any) -> list[RenderableType]:
    """Return what to print for a verb's result; a tuple of records may be shown as one table.

    Args:
        record: The result.
        options: What the view of a single record takes besides it.
    """
    if isinstance(record, dict):
        return [Text(f"{name} {value}") for name, value in record.items()]
    if isinstance(record, tuple) and (not record or not isinstance(record[0], Path)):
        return _many(record)
    if isinstance(record, tuple):
        return [Text(str(path)) for path in record]
    return _view(FULL, record)(record, **options)


def as_brief(news: Any) -> list[RenderableType]:
    """Return what to print for news; records without a brief view pass unseen."""
    if isinstance(news, str):
        return [Text(news)]
    return _view(BRIEF, news)(news) if type(news).__name__ in BRIEF else []


def _many(records: tuple[Any, ...]) -> list[RenderableType]:
    if not records:
        return [Text("None yet.", "dim")]
    name = type(records[0]).__name__
    if FULL[name].endswith(":table_of"):
        return _view(FULL, records[0])(records)
    return [part for record in records for part in as_tables(record)]


def _view(views: dict[str, str], record: Any) -> Any:
    module, _, function = views[type(record).__name__].partition(":")
    return getattr(importlib.import_module(f"aliquot.cli.views.{module}"), function)
