"""Whether data is fit for training, in one line, and what was found, sorted by weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aliquot.core.dataset import DataReport, Finding
from aliquot.export.wording import count

SEVERITIES = ("error", "warning", "note")


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


def group_findings(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return findings by severity, gravest first.

    Errors keep their order, for the first wrong line often explains the rest. Among warnings and notes
    those about the data as a whole come first, then those that concern the most rows.
    """
    groups: dict[str, list[Finding]] = {severity: [] for severity in SEVERITIES}
    for finding in findings:
        groups[finding.severity].append(finding)
    for severity in ("warning", "note"):
        groups[severity].sort(key=lambda finding: (bool(finding.lines), -finding.count))
    return groups


def describe_place(finding: Finding, most: int = 10) -> str:
    """Return where a finding stands: ``lines 15, 40, 60 and 166 more``; empty when it has no line.

    Args:
        finding: What was found.
        most: Line numbers to name.
    """
    named = finding.lines[:most]
    if not named:
        return ""
    more = finding.count - len(named)
    numbers = ", ".join(f"{line:,}" for line in named)
    return f"{'line' if finding.count == 1 else 'lines'} {numbers}{f' and {more:,} more' if more > 0 else ''}"


def describe_asking(finding: Finding) -> str:
    """Return what to type for a remedy: ``--set remedies=repair_rows``; empty when none can be had."""
    if not finding.remedies:
        return ""
    first, *others = finding.remedies
    return f"--set remedies={first}" + (f" (or {', '.join(others)})" if others else "")
