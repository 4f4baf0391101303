"""The sections about labels: precision, recall and F1 of each, and whether confidence can be relied on."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from aliquot.core.result import EvaluationReport, LabelScores, PerLabel
from aliquot.export.calibration import calibration_sentence, list_panels
from aliquot.export.figures.reliability_diagram import reliability_diagram
from aliquot.export.wording import fixed, heading

MAX_LABELS = 40
"""Labels in a table; labels.csv has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """How one model did on each label; the first is shown, others open on demand.

    Attributes:
        rows: Label, expected, answered, right, precision, recall, F1; as text.
        num_left_out: Labels beyond those shown.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    num_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The reliability diagram and what it shows, a sentence or two a model."""

    svg: Markup
    sentences: tuple[str, ...]
    has_intervals: bool


def describe_labels(report: EvaluationReport) -> tuple[LabelTable, ...]:
    """Return a table for each model: the tuned one's, the base's for comparison, then the rest."""
    order = {"tuned": 0, "base": 1}
    titles = {result.model: heading(result) for result in report.results}
    tables = sorted(report.per_label, key=lambda each: order.get(each.model, 2))
    return tuple(_table(each, titles[each.model]) for each in tables if each.labels and each.model in titles)


def describe_calibration(report: EvaluationReport) -> Calibration | None:
    """Return the diagram of the language models, None where none has label probabilities."""
    panels = list_panels(report)
    if not panels:
        return None
    results = {result.model: result for result in report.results}
    pairs = [(results[panel.reliability.model], panel.reliability) for panel in panels]
    bins = [each for panel in panels for each in panel.reliability.bins]
    return Calibration(
        svg=Markup(reliability_diagram(panels)),
        sentences=tuple(calibration_sentence(*pair) for pair in pairs),
        has_intervals=any(each.interval for each in bins),
    )


def _table(one: PerLabel, title: str) -> LabelTable:
    rows = tuple(_row(label) for label in one.labels[:MAX_LABELS])
    return LabelTable(title=title, rows=rows, num_left_out=len(one.labels) - len(rows))


def _row(label: LabelScores) -> tuple[str, ...]:
    counts = (label.num_expected, label.num_answered, label.num_right)
    shares = (label.precision, label.recall, label.f1)
    return (label.label, *(f"{number:,}" for number in counts), *(fixed(share, 2) for share in shares))
