"""A data report on a terminal: whether the data is fit first, then what weighs, then what it is like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from aliquot.cli.views.layout import bar, facts, heading, table
from aliquot.cli.views.lengths import lengths
from aliquot.core.dataset import DataReport
from aliquot.export.data_wording import (
    describe_conflicts,
    describe_majority,
    describe_rows,
    describe_shared,
    file_name,
    list_labels,
    list_splits,
    name_label,
)
from aliquot.export.verdict import FoundKind, describe_asking, group_findings, judge, list_places
from aliquot.export.wording import count, size

MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("·", "dim"), "": ("✓", "green")}
MAX_LABELS = 12
MAX_LABEL_CHARS = 22
MAX_LINES = 5
"""Line numbers of a finding that are shown unless all are asked for."""


def brief(report: DataReport) -> list[RenderableType]:
    """Return three lines: what the file is, how it is split, what weighs."""
    splits = " · ".join(f"{one.split} {one.num_examples:,}" for one in report.splits)
    groups = group_findings(report.findings)
    parts: list[RenderableType] = [
        facts(
            [
                ("data", f"{Path(report.file).name}: {count(report.num_examples, 'example')} ({splits})"),
                ("task", _task(report)),
                ("test", _test(report)),
            ]
        )
    ]
    return [*parts, *_list_findings([*groups["error"], *groups["warning"]], report, MAX_LINES)]


def full(report: DataReport, *, show_all: bool = False) -> list[RenderableType]:
    """Return the check of a file.

    Args:
        report: What was found.
        show_all: Show notes with their lines and remedies, and every line and label that is known.
    """
    groups = group_findings(report.findings)
    most = 10 if show_all else MAX_LINES
    grave = list(_list_findings([*groups["error"], *groups["warning"]], report, most))
    return [
        _verdict(report),
        Text(f"{file_name(report)} · {describe_rows(report)} · {size(report.num_bytes)}", "dim"),
        *([Text(), *grave] if grave else []),
        *_splits(report),
        *_labels(report, len(report.task.labels) if show_all else MAX_LABELS),
        *lengths(report),
        Text(),
        _facts(report),
        *_notes(groups["note"], report, show_all),
    ]


def _test(report: DataReport) -> str:
    if report.detectable:
        return report.detectable.sentence
    tests = report.get_split("test").num_examples
    return count(tests, "row") if tests else "no test rows"


def _verdict(report: DataReport) -> Text:
    verdict = judge(report)
    # A note alone is no reason to hesitate.
    mark, colour = MARKS["" if verdict.severity == "note" else verdict.severity]
    return Text.assemble(
        (f"{mark} ", f"bold {colour}"), (verdict.title, f"bold {colour}"), (f": {verdict.tally}", "bold")
    )


def _splits(report: DataReport) -> list[RenderableType]:
    rows = [
        (one.split, f"{one.num_examples:,}", _share(one.num_examples, report.num_examples))
        for one in list_splits(report)
    ]
    bars = [bar(one.num_examples / report.num_examples) for one in list_splits(report)]
    if not rows:
        return []
    cells = [(*row, Text(drawn, "cyan")) for row, drawn in zip(rows, bars, strict=True)]
    return [Text(), table(("split", "examples", "share", ""), cells, right="12")]


def _labels(report: DataReport, most: int) -> list[RenderableType]:
    labels, splits = list_labels(report), list_splits(report)
    if not labels:
        return []
    total = sum(number for _, number in labels) or 1
    largest = labels[0][1] or 1
    rows = [
        (
            _shorten(name_label(label)),
            f"{number:,}",
            _share(number, total),
            Text(bar(number / largest), "cyan"),
            *(f"{one.label_counts.get(label, 0):,}" for one in splits),
        )
        for label, number in labels[:most]
    ]
    numbers = "12" + "".join(str(4 + index) for index in range(len(splits)))
    headings = ("answer", "rows", "share", "", *(one.split for one in splits))
    parts: list[RenderableType] = [Text(), table(headings, rows, right=numbers)]
    if len(labels) > most:
        parts.append(Text(f"and {count(len(labels) - most, 'more label')} (--all)", "dim"))
    return parts


def _facts(report: DataReport) -> RenderableType:
    known = " ".join(filter(None, (describe_shared(report), describe_conflicts(report))))
    hidden = ", ".join(field.name for field in report.fields if field.is_metadata)
    return facts(
        [
            ("split", report.split_rule),
            ("answers", _task(report)),
            ("baseline", describe_majority(report)),
            ("overlap", known),
            ("test set", report.detectable.sentence if report.detectable else ""),
            ("metadata", hidden),
            ("format", f"{report.format}: {report.format_reason}"),
            ("sha256", report.file_sha256 + (" (of the files' hashes)" if len(report.files) > 1 else "")),
        ]
    )


def _notes(notes: Sequence[FoundKind], report: DataReport, show_all: bool) -> list[RenderableType]:
    """Return notes, folded to a line each unless all is asked for."""
    if not notes:
        return []
    if show_all:
        return [heading("Notes"), *_list_findings(notes, report, 10)]
    folded = Table.grid()
    folded.add_column(no_wrap=True, overflow="ellipsis")
    for note in notes:
        folded.add_row(Text(f"·  {note.first.message}", "dim"))
    return [heading("Notes"), folded, Text("--all shows their lines and what to do", "dim italic")]


def _list_findings(kinds: Iterable[FoundKind], report: DataReport, most: int) -> Iterator[RenderableType]:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for kind in kinds:
        finding = kind.first
        mark, colour = MARKS[finding.severity]
        grid.add_row(Text(mark, f"bold {colour}"), Text(finding.message))
        for place in list_places(kind, report, most):
            grid.add_row("", Text(place, "dim"))
        if finding.remedy:
            grid.add_row("", _arrow(finding.remedy))
        if asking := describe_asking(finding):
            grid.add_row("", _arrow(f"or {asking}", "dim"))
    if grid.row_count:
        yield grid


def _arrow(remedy: str, style: str = "") -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text("→", "cyan"), Text(remedy, style))
    return grid


def _task(report: DataReport) -> str:
    return f"{report.task.task_type}: {report.task.reason}" if report.task.reason else report.task.task_type


def _share(number: int, total: int) -> str:
    return f"{100 * number / total:.1f} %"


def _shorten(label: str) -> str:
    return label if len(label) <= MAX_LABEL_CHARS else f"{label[: MAX_LABEL_CHARS - 1]}…"
