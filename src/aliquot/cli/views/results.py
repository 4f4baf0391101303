"""Scores on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, percent, table
from aliquot.core.result import Comparison, EvaluationReport, ModelResult
from aliquot.core.wording import p_text
from aliquot.export.record import ranked
from aliquot.export.wording import (
    decimals_for,
    fixed,
    interval_text,
    primary_title,
    reference_title,
    report_decimals,
    with_unit,
)
from aliquot.workflows.follow import RunResult


def run(result: RunResult) -> list[RenderableType]:
    """Return a run's scores and where its files are."""
    parts: list[RenderableType] = [Text()]
    if result.evaluation:
        parts += [*full(result.evaluation), Text()]
    first = result.artefacts[0] if result.artefacts else ""
    report = next((path for path in result.artefacts if path.endswith("report.html")), first)
    pairs = [("pairs", result.preferences)] if result.preferences else []
    parts.append(
        facts(
            [
                *pairs,
                ("run", result.run_id),
                ("state", result.state.value),
                ("report", Text(report, overflow="fold")),
                ("weights", Text(result.weights, overflow="fold")),
                ("talk", f"aliquot chat {result.path}"),
            ]
        )
    )
    return parts


def full(report: EvaluationReport) -> list[RenderableType]:
    """Return the headline, and a line per model with its interval and its test against the one compared."""
    decimals = report_decimals(report)
    versus = {
        _other(one, report.reference): one
        for one in report.comparisons
        if report.reference in (one.model, one.other)
    }
    has_tests = bool(versus)
    rows = [_row(one, decimals, versus.get(one.model), report.reference) for one in ranked(report.results)]
    unit = report.results[0].primary.unit if report.results else ""
    title = with_unit(primary_title(report), unit)
    headings = (
        "model",
        title,
        f"{percent(report.confidence)} interval",
        f"{reference_title(report)} minus this",
        "p (Holm)",
    )
    shown = headings if has_tests else headings[:3]
    parts: list[RenderableType] = [Text(report.headline, "bold")] if report.headline else []
    parts += [Text(), table(shown, [row[: len(shown)] for row in rows], right="134", short=0)]
    parts += _graders(report)
    parts.append(Text(f"{report.num_items:,} {report.split} rows", "dim"))
    return parts + [Text(note, "dim") for note in report.notes]


def _graders(report: EvaluationReport) -> list[RenderableType]:
    """Return a line per grader and model with what it gave on the whole, where there are graders."""
    names = {result.grader for result in report.graders}
    names |= {f"{name}_passed" for name in names}
    rows = []
    for result in ranked(report.results):
        for value in result.metrics:
            if value.metric in names and value.value is not None:
                decimals = decimals_for([value.interval])
                ends = interval_text(value.interval, decimals)
                rows.append((value.title, result.title or result.model, fixed(value.value, decimals), ends))
    if not rows:
        return []
    headings = ("grader", "model", "value", f"{percent(report.confidence)} interval")
    return [Text(), table(headings, sorted(rows, key=lambda row: row[0]), right="23"), Text()]


def _row(
    result: ModelResult, decimals: int, test: Comparison | None, reference: str
) -> tuple[str | Text, ...]:
    primary = result.primary
    name = Text(result.title or result.model, "bold" if result.model == reference else "")
    against = ("", "")
    if test:
        sign = 1 if test.model == reference else -1
        against = (
            fixed(sign * test.difference, decimals, is_signed=True),
            p_text(test.p_value_holm).removeprefix("p = ").removeprefix("p "),
        )
    return name, fixed(primary.value, decimals), interval_text(primary.interval, decimals), *against


def _other(comparison: Comparison, reference: str) -> str:
    return comparison.other if comparison.model == reference else comparison.model
