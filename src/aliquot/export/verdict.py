"""Whether data is fit for training, in one line, and what was found, sorted by weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from aliquot.core.dataset import DataReport, Finding
from aliquot.export.source_files import name_files
from aliquot.export.wording import count

SEVERITIES = ("error", "warning", "note")


MAX_FILES = 5
"""Files of one kind of finding that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKind:
    """Findings of one kind, which differ in the files and the lines they stand in.

    Attributes:
        findings: At least one, in the order of the report.
    """

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that speaks for all of its kind."""
        return self.findings[0]

    @property
    def count(self) -> int:
        """How many rows are concerned in all files."""
        return sum(finding.count for finding in self.findings)

    @property
    def has_lines(self) -> bool:
        """Whether it is about rows, rather than about the data as a whole."""
        return any(finding.lines for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to "can I train on this?".

    Attributes:
        severity: Of the gravest finding; empty when there is none.
        title: The answer.
        tally: What was found, in numbers.
    """

    severity: str
    title: str
    tally: str

    @property
    def sentence(self) -> str:
        """Answer and numbers in one line."""
        return f"{self.title}: {self.tally}"


def judge(report: DataReport) -> Verdict:
    """Return whether the data is fit for training.

    >>> judge(report).sentence   # doctest: +SKIP
    'Fit for training: no errors, 3 warnings'
    """
    groups = group_findings(report.findings)
    errors, warnings = len(groups["error"]), len(groups["warning"])
    tally = [count(errors, "error") if errors else "no errors"]
    tally.append(count(warnings, "warning") if warnings else "no warnings")
    return Verdict(
        severity=next((severity for severity in SEVERITIES if groups[severity]), ""),
        title="Not yet" if errors else "Fit for training",
        tally=", ".join(tally),
    )


def group_findings(findings: Iterable[Finding]) -> dict[str, list[FoundKind]]:
    """Return kinds of findings by severity, gravest first; what several files have is one kind.

    Errors keep their order, for the first wrong line often explains the rest. Among warnings and notes
    those about the data as a whole come first, then those that concern the most rows.
    """
    kinds: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.field, finding.message)
        kinds.setdefault(key, []).append(finding)
    groups: dict[str, list[FoundKind]] = {severity: [] for severity in SEVERITIES}
    for (severity, *_), found in kinds.items():
        groups[severity].append(FoundKind(findings=tuple(found)))
    for severity in ("warning", "note"):
        groups[severity].sort(key=lambda kind: (kind.has_lines, -kind.count))
    return groups


def list_places(kind: FoundKind, report: DataReport, most: int = 10) -> list[str]:
    """Return where a kind of finding stands: ``test.csv: lines 15, 40 and 166 more`` for each file.

    A file is named where it is not the whole of the data; empty when there is no line and no such file.

    Args:
        kind: What was found.
        report: Of which data.
        most: Line numbers to name of each file.
    """
    names = name_files(report)
    places = []
    for finding in kind.findings:
        is_whole = finding.file in ("", report.file)
        file = "" if is_whole else names.get(finding.file) or PurePath(finding.file).name
        places.append(": ".join(filter(None, (file, describe_lines(finding, most)))))
    named = list(filter(None, places))
    more = len(named) - MAX_FILES
    return [*named[:MAX_FILES], f"and in {count(more, 'more file')}"] if more > 0 else named


def describe_lines(finding: Finding, most: int) -> str:
    """Return ``lines 15, 2006 and 166 more``, without commas in numbers, as an editor takes them."""
    named = finding.lines[:most]
    if not named:
        return ""
    more = finding.count - len(named)
    numbers = ", ".join(map(str, named))
    return f"{'line' if finding.count == 1 else 'lines'} {numbers}{f' and {more:,} more' if more > 0 else ''}"


def describe_asking(finding: Finding) -> str:
    """Return what to type for a remedy: ``--set remedies=repair_rows``; empty when none can be had."""
    if not finding.remedies:
        return ""
    first, *others = finding.remedies
    return f"--set remedies={first}" + (f" (or {', '.join(others)})" if others else "")
