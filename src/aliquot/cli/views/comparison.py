"""A comparison of models on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, percent, table
from aliquot.core.comparison import ComparedModel, Disagreement, ModelsComparison
from aliquot.core.result import Comparison, ModelResult
from aliquot.core.wording import p_text
from aliquot.export.comparison_page import cost_text, list_settings, seconds_text
from aliquot.export.wording import ABSENT, fixed, interval_text, metric_title, report_decimals, with_unit

MAX_SHOWN = 5
"""Disagreements on the terminal; disagreements.csv has all."""
MAX_WIDTH = 48


def full(comparison: ModelsComparison) -> list[RenderableType]:
    """Return the headline, a line per model, how each answered, and the first items where they disagree."""
    report = comparison.report
    primary = report.results[0].primary
    headings = [
        "model",
        with_unit(metric_title(primary), primary.unit),
        f"{percent(report.confidence)} interval",
    ]
    headings += [
        f"minus {_title(comparison, report.reference)}",
        "p (Holm)",
        "time per item",
        "cost per 1,000",
    ]
    tests = {one.model: one for one in report.comparisons}
    pairs = list(zip(comparison.models, report.results, strict=True))
    decimals = report_decimals(report)
    rows = [_row(one, result, tests.get(one.name), decimals) for one, result in pairs]
    known = [place for place in range(len(headings)) if any(row[place] not in ("", ABSENT) for row in rows)]
    shown = table(
        [headings[place] for place in known],
        [[row[place] for place in known] for row in rows],
        right="13456",
        short=0,
    )
    parts: list[RenderableType] = [Text(report.headline, "bold"), Text(), shown]
    parts += [Text(note, "dim") for note in report.notes]
    parts += [heading("How they answered"), facts(_list_facts(comparison))]
    parts += _list_disagreements(comparison)
    return parts + [Text(path) for path in comparison.artefacts]


def _row(model: ComparedModel, result: ModelResult, test: Comparison | None, decimals: int) -> list[str]:
    against = ["", ""]
    if test:
        p_value = p_text(test.p_value_holm).removeprefix("p = ").removeprefix("p ")
        against = [fixed(test.difference, decimals, is_signed=True), p_value]
    value, interval = fixed(result.primary.value, decimals), interval_text(result.primary.interval, decimals)
    cost = [seconds_text(model.seconds_per_item), cost_text(model.cost_usd_per_item)]
    return [result.title, value, interval, *against, *cost]


def _list_facts(comparison: ModelsComparison) -> list[tuple[str | Text, str | Text]]:
    return [
        (
            _title(comparison, one.name),
            "; ".join(f"{name}: {value}" for name, value in list_settings(one, comparison.models)),
        )
        for one in comparison.models
    ]


def _list_disagreements(comparison: ModelsComparison) -> list[RenderableType]:
    found, num_items = comparison.disagreements, comparison.report.num_items
    if not found:
        return [Text(), Text("All models score alike on every item.", "dim")]
    title = f"Where they disagree: {len(found):,} of {num_items:,} items"
    names = [one.title for one in comparison.report.results]
    rows = [_item(item) for item in found[:MAX_SHOWN]]
    more = len(found) - len(rows)
    shown = table(("line", "prompt", "reference", *names), rows)
    parts: list[RenderableType] = [heading(title), shown]
    return parts + ([Text(f"{more:,} more: --out FOLDER writes them all.", "dim")] if more > 0 else [])


def _title(comparison: ModelsComparison, name: str) -> str:
    return next(one.title for one in comparison.report.results if one.model == name)


def _item(item: Disagreement) -> list[str]:
    answers = [_shortened(one.output) for one in item.answers]
    return [str(item.line), _shortened(item.prompt), _shortened(item.reference), *answers]


def _shortened(text: str) -> str:
    # The end of a prompt tells items apart; their beginnings are often the same.
    words = " ".join(text.split())
    return words if len(words) <= MAX_WIDTH else f"…{words[-MAX_WIDTH + 1 :]}"
