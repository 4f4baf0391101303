"""``compare.html``: models on the same items, their settings beside their scores, where they disagree.

One self-contained file in the look of the run report. Written by ``workflows``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from aliquot.core.comparison import ComparedModel, ModelsComparison
from aliquot.core.spec import ScoringSpec
from aliquot.export.answers import AnsweredRow
from aliquot.export.compared_models import VARIES
from aliquot.export.disagreements import is_apart
from aliquot.export.page.answers import answers_data
from aliquot.export.page.header import Fact
from aliquot.export.page.json_block import as_json_block
from aliquot.export.page.results import describe_results
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.record import Scoreboard
from aliquot.export.wording import ABSENT, count, heading, listed, metric_text, primary_title, report_decimals
from aliquot.version import __version__

FILES = (
    ("compare.csv", "A line per model: score, paired comparison, cost, settings, every metric"),
    ("compare.tex", "Models with intervals and differences, as a LaTeX table for a paper"),
    ("disagreements.csv", "Items that not all models score alike on, answers side by side"),
)
SIDE_BY_SIDE = {"preset": {"model": "1", "other": "0"}}
"""What the table of answers shows first: another model's beside the reference's, which stands first there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """How one model's answers were made, cells as text."""

    title: str
    is_reference: bool
    run_id: str
    score: str
    settings: tuple[tuple[str, str], ...]
    seconds: str
    cost: str
    tokens: str


def render_comparison(comparison: ModelsComparison, spec: ScoringSpec, rows: list[AnsweredRow]) -> str:
    """Return the page.

    Args:
        comparison: The comparison.
        spec: How answers were read.
        rows: The common items with the scores of every model, by its name in the comparison.
    """
    style, script = read_asset("report.css"), read_asset("report.js")
    board = Scoreboard(spec=spec, report=comparison.report)
    apart = [row for row in rows if is_apart(row)]
    return (
        get_environment()
        .get_template("comparison.html.j2")
        .render(
            style=Markup(style),
            script=Markup(script),
            policy=describe_policy(style, script),
            version=__version__,
            comparison=comparison,
            report=comparison.report,
            title=_title(comparison),
            facts=_list_facts(comparison),
            results=describe_results(board, rows),
            cards=_list_cards(comparison),
            system=_shared_system(comparison.models),
            answers=as_json_block(answers_data(board, apart) | SIDE_BY_SIDE) if apart else None,
            num_answers=len(apart),
            num_apart=f"{len(apart):,} of {len(rows):,}",
            pairs=None,
            methods=describe_methods(comparison),
            files=FILES,
        )
    )


def describe_methods(comparison: ModelsComparison) -> str:
    """Return what a paper must say of the comparison, as prose."""
    report = comparison.report
    tests = listed(sorted({one.test for one in report.comparisons})) or "no test applies"
    number = count(len(report.comparisons), "comparison")
    return (
        f"{count(len(comparison.models), 'model')} answered the same {report.num_items:,} items. "
        f"{_spaced(comparison.matched)}Answers were read by one rule ({report.normaliser}). Every model was "
        f"compared with {report.reference} ({comparison.reference_reason}) on the same items ({tests}; "
        f"two-sided; p-values adjusted after Holm for this family of {number}). {report.notes[0]}"
    )


def _spaced(sentence: str) -> str:
    return f"{sentence} " if sentence else ""


def list_settings(model: ComparedModel, models: Sequence[ComparedModel]) -> tuple[tuple[str, str], ...]:
    """Return what determines a model's answers; the system prompt only where models have different ones."""
    settings = tuple(model.made_by.items())
    if len({one.system for one in models}) == 1:
        return settings
    return (*settings, ("system prompt", model.system or "none"))


def cost_text(usd: float | None) -> str:
    """Return a cost per item as that of a thousand items, which is a readable figure."""
    return ABSENT if usd is None else f"{1000 * usd:,.3g} USD"


def seconds_text(seconds: float | None) -> str:
    """Return the seconds per item with three digits."""
    return ABSENT if seconds is None else f"{seconds:.3g} s"


def _title(comparison: ModelsComparison) -> str:
    names = [one.name for one in comparison.models]
    return (
        f"{listed(names)} on the same items" if len(names) < 4 else f"{len(names)} models on the same items"
    )


def _list_facts(comparison: ModelsComparison) -> tuple[Fact, ...]:
    report = comparison.report
    reference = next(one for one in report.results if one.model == report.reference)
    return (
        Fact(label="Compared", value=count(len(comparison.models), "model"), more="paired, item by item"),
        Fact(label="On", value=count(report.num_items, "common item"), more=report.task_type),
        Fact(label="Against", value=reference.title, more=comparison.reference_reason),
        Fact(
            label="Measured by",
            value=primary_title(report),
            more=f"{report.confidence * 100:g} % intervals, Holm over {len(report.comparisons)}",
        ),
    )


def _list_cards(comparison: ModelsComparison) -> tuple[ModelCard, ...]:
    decimals = report_decimals(comparison.report)
    results = {result.model: result for result in comparison.report.results}
    return tuple(
        ModelCard(
            title=heading(results[one.name]),
            score=metric_text(results[one.name].primary, decimals),
            is_reference=one.name == comparison.report.reference,
            run_id=one.run_id,
            settings=list_settings(one, comparison.models),
            seconds=seconds_text(one.seconds_per_item),
            cost=cost_text(one.cost_usd_per_item),
            tokens=_tokens(one),
        )
        for one in comparison.models
    )


def _tokens(model: ComparedModel) -> str:
    asked, answered = model.prompt_tokens_per_item, model.output_tokens_per_item
    if asked is None and answered is None:
        return ABSENT
    return f"{asked or 0:,.0f} + {answered or 0:,.1f}"


def _shared_system(models: Sequence[ComparedModel]) -> str:
    systems = {one.system for one in models}
    return systems.pop() if len(systems) == 1 and VARIES not in systems else ""
