"""A study on a terminal: its report, what has no result, and where the files are."""

from __future__ import annotations

import importlib

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.workflows.study import StudyResult

REPORTS = {"folds": "crossval", "curve": "curve", "bench": "bench"}
"""Module of this folder that shows the report, by kind of study."""


def full(result: StudyResult) -> list[RenderableType]:
    """Return the report of the study's kind, problems, and paths."""
    parts: list[RenderableType] = [Text()]
    if result.report:
        view = importlib.import_module(f"aliquot.cli.views.{REPORTS[result.kind]}")
        parts += [*view.report(result.report), Text()]
    parts += [Text.assemble(("! ", "yellow"), f"{cell}: {why}") for cell, why in result.problems.items()]
    files = result.files[:1] if result.report else ()
    parts.append(
        facts(
            [
                ("study", result.study_id),
                *(("report", Text(path, overflow="fold")) for path in files),
                *(
                    ("run" if not number else "", Text(path, overflow="fold"))
                    for number, path in enumerate(result.runs)
                ),
            ]
        )
    )
    return [*parts, Text(result.waiting)] if result.waiting else parts
