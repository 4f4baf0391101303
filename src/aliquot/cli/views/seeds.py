"""Several seeds on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, percent, table
from aliquot.core.seeds import SeedsReport
from aliquot.core.wording import p_text
from aliquot.export.seeds_page import find_decimals
from aliquot.export.wording import fixed, interval_text, metric_title, with_unit
from aliquot.workflows.seeds import SeedsResult


def full(result: SeedsResult) -> list[RenderableType]:
    """Return mean and spread, a line per seed, a line per other model, and where the files are."""
    parts: list[RenderableType] = [Text()]
    if result.report:
        parts += [*_report(result.report), Text()]
    parts += [Text.assemble(("! ", "yellow"), f"{run}: {why}") for run, why in result.problems.items()]
    parts.append(
        facts(
            [
                ("group", result.group_id),
                ("report", Text(result.report_path, overflow="fold")),
                *(
                    ("run" if not number else "", Text(path, overflow="fold"))
                    for number, path in enumerate(result.runs)
                ),
            ]
        )
    )
    return parts


def _report(report: SeedsReport) -> list[RenderableType]:
    decimals, primary = find_decimals(report), report.primary
    title = with_unit(metric_title(primary), primary.unit)
    mean = (
        Text(f"mean of {len(report.runs)} seeds", "bold"),
        fixed(primary.mean, decimals),
        interval_text(primary.interval, decimals),
        "",
        "",
    )
    spread = ("sd over seeds", fixed(primary.sd, decimals + 1), "", "", "")
    versus = {one.other: one for one in report.comparisons}
    rows = [mean, spread]
    for score in report.runs:
        name = Text.assemble(f"seed {score.seed}", (" differs" if score.differs else "", "yellow"))
        rows.append(
            (
                name,
                fixed(score.primary.value, decimals),
                interval_text(score.primary.interval, decimals),
                "",
                "",
            )
        )
    for other in report.others:
        test = versus.get(other.model)
        rows.append(
            (
                other.title or other.model,
                fixed(other.primary.value, decimals),
                interval_text(other.primary.interval, decimals),
                fixed(test.difference, decimals, is_signed=True) if test else "",
                p_text(test.p_value_holm).removeprefix("p = ").removeprefix("p ") if test else "",
            )
        )
    headings = ("model", title, f"{percent(report.confidence)} interval", "difference", "p (Holm)")
    parts: list[RenderableType] = [Text(report.headline, "bold"), Text()]
    parts += [table(headings, rows, right="134", short=0)]
    parts.append(Text(f"{report.num_items:,} {report.split} rows", "dim"))
    return parts + [Text(note, "dim") for note in report.notes]
