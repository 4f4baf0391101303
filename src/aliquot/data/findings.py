"""Problems of rows, grouped into findings: a code, a count, the first ten lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from aliquot.core.dataset import Change, Finding
from aliquot.data.format import Problem, Severity
from aliquot.data.table import ExampleTable

MAX_LINES = 10
MAX_KINDS = 20
"""Kinds of one code reported apart; further ones are counted together, so that odd files stay readable."""
DROP_INVALID = "drop_invalid"
"""The remedy that leaves out rows with an error."""
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(slots=True)
class _Group:
    first: Problem
    lines: list[int] = field(default_factory=list)
    count: int = 0
    last_line: int = -1

    def add(self, line: int) -> None:
        if line == self.last_line and line:
            return  # the same row again: findings count rows
        self.last_line = line
        self.count += 1
        if line and len(self.lines) < MAX_LINES:
            self.lines.append(line)


class Findings:
    """All findings about one file. Memory does not grow with the number of bad rows.

    Args:
        file: Named in findings that name none.
        leaves_out: Whether rows with an error are left out, told as warnings, instead of forbidding a run.
    """

    def __init__(self, file: str, *, leaves_out: bool = False) -> None:
        self.file = file
        self._leaves_out = leaves_out
        self._groups: dict[tuple[str, str, str], _Group] = {}
        self._num_kinds: dict[str, int] = {}
        self.left_out: list[Change] = []

    def add(self, problem: Problem) -> None:
        """Count one row's problem with those of its kind."""
        if self._leaves_out and problem.severity == "error" and problem.line:
            problem = self._leave_out(problem)
        key = (problem.code, problem.severity, problem.kind)
        if key not in self._groups:
            known = self._num_kinds.get(problem.code, 0)
            if known >= MAX_KINDS:
                key = (problem.code, problem.severity, "…")
            self._num_kinds[problem.code] = known + 1
        self._groups.setdefault(key, _Group(problem)).add(problem.line)

    def _leave_out(self, problem: Problem) -> Problem:
        if not self.left_out or self.left_out[-1].line != problem.line:
            change = Change(
                file=self.file,
                line=problem.line,
                action="left_out",
                why=problem.message,
                field=problem.field,
            )
            self.left_out.append(change)
        message = f"{problem.message} The row was left out, as asked for ({DROP_INVALID})."
        return replace(problem, severity="warning", message=message)

    def finish(self) -> tuple[Finding, ...]:
        """Return everything found, errors first, then in file order."""
        return sort_findings(map(self._as_finding, self._groups.values()))

    def _as_finding(self, group: _Group) -> Finding:
        problem = group.first
        return Finding(
            code=problem.code,
            severity=problem.severity,
            message=problem.message,
            file=self.file,
            lines=tuple(group.lines),
            count=group.count,
            field=problem.field,
            remedy=problem.remedy,
            remedies=(DROP_INVALID,) if problem.severity == "error" and group.lines else (),
        )


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with errors first, then warnings, then notes, each in file order."""
    return tuple(sorted(findings, key=lambda item: (_ORDER[item.severity], item.lines[:1], item.code)))


def describe_rows(
    table: ExampleTable,
    rows: np.ndarray,
    *,
    code: str,
    severity: Severity,
    message: str,
    remedy: str = "",
    field: str = "",
) -> list[Finding]:
    """Return a finding about some examples (``rows``, places in the table) for each file they stand in."""
    file_K = table.file_N[rows]
    return [
        Finding(
            code=code,
            severity=severity,
            message=message,
            file=table.files[file],
            lines=first_lines(table.line_N[rows[file_K == file]].tolist()),
            count=int((file_K == file).sum()),
            field=field,
            remedy=remedy,
        )
        for file in np.unique(file_K).tolist()
    ]


def first_lines(lines: Iterable[int]) -> tuple[int, ...]:
    """Return the lowest line numbers that a finding lists."""
    return tuple(sorted(lines)[:MAX_LINES])
