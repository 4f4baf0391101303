"""A data report on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, percent, table
from aliquot.cli.views.lengths import lengths
from aliquot.core.dataset import DataReport, Finding, SplitProfile
from aliquot.export.wording import count, size

MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("·", "dim")}
MAX_LABELS = 6


def brief(report: DataReport) -> list[RenderableType]:
    """Return three lines: what the file is, how it is split, what weighs."""
    splits = " · ".join(f"{one.split} {one.num_examples:,}" for one in report.splits)
    errors = [one for one in report.findings if one.severity == "error"]
    warnings = [one for one in report.findings if one.severity == "warning"]
    parts: list[RenderableType] = [
        facts(
            [
                ("data", f"{Path(report.file).name}: {count(report.num_examples, 'example')} ({splits})"),
                ("task", _task(report)),
                ("test", report.detectable.sentence if report.detectable else "no test rows"),
            ]
        )
    ]
    return [*parts, *_list_findings([*errors, *warnings])]


def full(report: DataReport) -> list[RenderableType]:
    """Return everything that was found."""
    parts: list[RenderableType] = [
        facts(
            [
                ("file", f"{report.file} ({size(report.num_bytes)}, sha256 {report.file_sha256[:12]}…)"),
                ("format", f"{report.format}: {report.format_reason}"),
                ("rows", f"{report.num_rows:,} rows, {count(report.num_examples, 'usable example')}"),
                ("split", report.split_rule),
                ("task", _task(report)),
                ("overlap", _overlap(report)),
                ("test set", report.detectable.sentence if report.detectable else ""),
            ]
        )
    ]
    if report.splits:
        parts += [Text(), _splits(report.splits)]
    parts += lengths(report)
    if report.findings:
        parts += [heading("Findings"), *_list_findings(report.findings)]
    else:
        parts += [Text.assemble(("\n✓ ", "green"), "Nothing to complain about.")]
    return parts


def _splits(splits: Iterable[SplitProfile]) -> RenderableType:
    rows = [(one.split, f"{one.num_examples:,}", _labels(one.label_counts)) for one in splits]
    has_labels = any(row[2] for row in rows)
    headings = ("split", "examples", "answers")
    return table(
        headings if has_labels else headings[:2], [row if has_labels else row[:2] for row in rows], right="1"
    )


def _list_findings(findings: Iterable[Finding]) -> Iterator[RenderableType]:
    for finding in findings:
        mark, colour = MARKS[finding.severity]
        where = f"  ({_lines(finding)})" if finding.lines else ""
        yield facts([(Text(mark, colour), Text.assemble(finding.message, (where, "dim")))])  # type: ignore[list-item]
        if finding.remedy:
            yield facts([(" ", Text(finding.remedy, "dim"))])


def _lines(finding: Finding) -> str:
    more = finding.count - len(finding.lines)
    numbers = ", ".join(f"{line:,}" for line in finding.lines)
    return f"{'line' if finding.count == 1 else 'lines'} {numbers}{f' and {more:,} more' if more > 0 else ''}"


def _labels(counts: dict[str, int]) -> str:
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{label} {number:,}" for label, number in largest[:MAX_LABELS])
    return shown + (f", {len(largest) - MAX_LABELS} more" if len(largest) > MAX_LABELS else "")


def _task(report: DataReport) -> str:
    return f"{report.task.task_type}: {report.task.reason}" if report.task.reason else report.task.task_type


def _overlap(report: DataReport) -> str:
    overlap = report.overlap
    parts = []
    if overlap.test_prompts_in_train:
        parts.append(f"{count(overlap.test_prompts_in_train, 'test prompt')} also in train (scored apart)")
    if overlap.conflicting_prompts and overlap.accuracy_ceiling < 1:
        parts.append(
            f"{count(overlap.conflicting_prompts, 'prompt')} with contradicting answers; "
            f"no model can be right on more than {percent(overlap.accuracy_ceiling)} of the test rows"
        )
    return "; ".join(parts) or "none between train and test"
