"""The page of a check: whether data is fit for training, for a person with ten seconds.

One self-contained file in the look of the run report, without a script. Written by ``workflows``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from aliquot.core.dataset import DataReport, SplitProfile, TokenProfile
from aliquot.export.data_wording import (
    describe_conflicts,
    describe_majority,
    describe_rows,
    describe_shared,
    file_name,
    list_labels,
    list_splits,
    name_answers,
    name_label,
)
from aliquot.export.lengths import describe_sharing
from aliquot.export.page.findings import FoundItem, list_found
from aliquot.export.page.header import Fact
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.percentiles import COLUMNS, list_percentiles
from aliquot.export.source_files import name_hash
from aliquot.export.verdict import Verdict, judge
from aliquot.export.wording import count, listed, size
from aliquot.version import __version__

GENERATOR = "Aliquot check"
"""By this name in its head a page is known as ours, and may be replaced."""
MAX_LABELS = 40
_TITLES = {
    "error": ("Errors", "Each forbids training."),
    "warning": ("Warnings", "Training can begin; a result may mislead."),
    "note": ("Notes", "Good to know."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGroup:
    """Findings of one severity."""

    severity: str
    title: str
    meaning: str
    items: tuple[FoundItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBar:
    """A label with its rows; ``width`` is relative to the most frequent label, in per cent."""

    label: str
    number: int
    share: str
    width: str
    by_split: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBar:
    """The row lengths of a split; positions in per cent of the longest row of all splits."""

    split: str
    tokens: TokenProfile
    median_at: str
    p95_at: str
    longest_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """What the template prints."""

    title: str
    source: str
    verdict: Verdict
    tiles: tuple[Fact, ...]
    grave: tuple[FoundGroup, ...]
    notes: tuple[FoundGroup, ...]
    splits: tuple[SplitProfile, ...]
    labels: tuple[LabelBar, ...]
    num_more_labels: int
    lengths: tuple[LengthBar, ...]
    percentiles: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, str], ...]


def render_check(report: DataReport) -> str:
    """Return the page of a check as HTML."""
    style = read_asset("report.css") + read_asset("check.css")
    return (
        get_environment()
        .get_template("check.html.j2")
        .render(
            style=Markup(style),
            policy=describe_policy(style),
            generator=f"{GENERATOR} {__version__}",
            version=__version__,
            report=report,
            page=describe_check(report),
            percentile_titles=[title for _, title in COLUMNS],
        )
    )


def describe_check(report: DataReport) -> CheckPage:
    """Return what the page says about a report."""
    groups = list(_group(report))
    labels = list_labels(report)
    return CheckPage(
        title=report.about.title or file_name(report),
        source=", ".join([*([file_name(report)] if report.about.title else []), size(report.num_bytes)]),
        verdict=judge(report),
        tiles=tuple(_tiles(report)),
        grave=tuple(group for group in groups if group.severity != "note"),
        notes=tuple(group for group in groups if group.severity == "note"),
        splits=list_splits(report),
        labels=tuple(_label_bars(report, labels[:MAX_LABELS])),
        num_more_labels=max(0, len(labels) - MAX_LABELS),
        lengths=tuple(_length_bars(report)),
        percentiles=tuple(list_percentiles(report)),
        facts=tuple((name, text) for name, text in _facts(report) if text),
    )


def _group(report: DataReport) -> Iterator[FoundGroup]:
    for severity, items in list_found(report).items():
        if items:
            title, meaning = _TITLES[severity]
            yield FoundGroup(severity=severity, title=title, meaning=meaning, items=items)


def _tiles(report: DataReport) -> Iterator[Fact]:
    rows, _, usable = describe_rows(report).partition(", ")
    yield Fact(label="Rows", value=rows, more=usable)
    splits = list_splits(report)
    if splits:
        sizes = [f"{one.num_examples:,} {one.split}" for one in splits]
        yield Fact(label="Split", value=sizes[0], more=listed(sizes[1:]) or "and nothing else")
    task = report.task
    if task.task_type == "labels":
        shown = ", ".join(name_label(label) for label, _ in list_labels(report)[:6])
        more = f"{shown}{', …' if len(task.labels) > 6 else ''}"
        yield Fact(label="Answers", value=count(len(task.labels), "label"), more=more)
    elif report.num_examples:
        yield Fact(label="Answers", value=name_answers(task.task_type), more="")
    if report.detectable:
        able = report.detectable
        yield Fact(
            label="Test can show",
            value=f"±{100 * able.half_width:.1f} points",
            more=f"and tell two models apart from {100 * able.difference:.1f} points on",
        )


def _label_bars(report: DataReport, labels: list[tuple[str, int]]) -> Iterator[LabelBar]:
    total = sum(number for _, number in list_labels(report)) or 1
    largest = max((number for _, number in labels), default=0) or 1
    for label, number in labels:
        yield LabelBar(
            label=name_label(label),
            number=number,
            share=f"{100 * number / total:.1f} %",
            width=_percent(number / largest),
            by_split=tuple(one.label_counts.get(label, 0) for one in list_splits(report)),
        )


def _length_bars(report: DataReport) -> Iterator[LengthBar]:
    known = [(one.split, one.tokens) for one in list_splits(report) if one.tokens]
    longest = max((tokens.longest for _, tokens in known), default=0) or 1
    for split, tokens in known:
        yield LengthBar(
            split=split,
            tokens=tokens,
            median_at=_percent(tokens.median / longest),
            p95_at=_percent(tokens.p95 / longest),
            longest_at=_percent(tokens.longest / longest),
        )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _facts(report: DataReport) -> Iterator[tuple[str, str]]:
    yield "How it was read", report.format_reason
    yield "How it was split", report.split_rule
    yield "Kind of answer", report.task.reason
    yield "Always the same answer", describe_majority(report)
    yield "Overlap", describe_shared(report)
    yield "Contradictions", describe_conflicts(report)
    yield "What the test can show", report.detectable.sentence if report.detectable else ""
    trained = report.get_split("train").tokens
    label = "Windows of training" if trained and trained.num_windows else "What training rows share"
    yield label, describe_sharing(trained) if trained else ""
    hidden = [field.name for field in report.fields if field.is_metadata]
    yield "Fields the model does not see", ", ".join(hidden)
    yield name_hash(report), report.file_sha256
