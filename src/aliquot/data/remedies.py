"""What a person may choose to do about rows: leave some out, or write answers alike. Never by itself.

``data.remedies`` names them, and findings name those that fit; each says in a finding what it did and to
which lines. Those of the first phase work before the split, because they change answers; those of the
second know who is in the test.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from aliquot.core.dataset import Change, Finding
from aliquot.data.findings import DROP_INVALID, describe_rows
from aliquot.data.overlap import find_conflicts, find_shared
from aliquot.data.repair import REPAIRABLE
from aliquot.data.similar_labels import group_spellings
from aliquot.data.table import TEST, ExampleTable
from aliquot.errors import InputError


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a remedy wants done: rows to leave out, and new answers for others, by their places."""

    left_out: np.ndarray
    answers: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One remedy.

    Attributes:
        title: What it does, as a sentence.
        codes: The findings that it answers.
        phase: Before the split, after it, or when rows are counted in tokens.
        treat: Says what is to be done to a table; None where that takes more than the table.
    """

    name: str
    title: str
    codes: tuple[str, ...]
    phase: Literal["before", "after", "tokens"]
    treat: Callable[[ExampleTable], Treatment] | None


def with_remedies(finding: Finding) -> Finding:
    """Return a finding that names what can be done about it."""
    names = [name for name, remedy in REMEDIES.items() if finding.code in remedy.codes]
    if finding.code in REPAIRABLE:
        names.append(REPAIR_ROWS)
    return replace(finding, remedies=(*names, *finding.remedies))


def require_remedies(names: Sequence[str]) -> None:
    """Raise for a remedy that does not exist.

    Raises:
        InputError: Code ``unknown_remedy``, with a near name or all names.
    """
    known = [*READING, *REMEDIES]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"No remedy is called {name!r}.",
                code="unknown_remedy",
                location="data.remedies",
                hint=f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}.",
            )


@dataclass(frozen=True, slots=True)
class Treated:
    """A table after remedies: what was found to be done, and every change."""

    table: ExampleTable
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()


def apply_remedies(table: ExampleTable, names: Sequence[str], phase: Literal["before", "after"]) -> Treated:
    """Apply the remedies of a phase, in the order of ``REMEDIES``."""
    findings: list[Finding] = []
    changes: list[Change] = []
    for remedy in REMEDIES.values():
        if remedy.phase == phase and remedy.name in names and remedy.treat is not None:
            treated = _treat(table, remedy, remedy.treat(table))
            table = treated.table
            findings += treated.findings
            changes += treated.changes
    return Treated(table, tuple(findings), tuple(changes))


def leave_out_too_long(table: ExampleTable, rows: np.ndarray) -> Treated:
    """Apply ``drop_too_long`` to the rows that exceed the limit, which only a tokenizer knows."""
    return _treat(table, REMEDIES[DROP_TOO_LONG], _leave_out(rows))


def _treat(table: ExampleTable, remedy: Remedy, treatment: Treatment) -> Treated:
    findings, changes = _describe(table, remedy, treatment), _list_changes(table, remedy, treatment)
    return Treated(_carry_out(table, treatment), tuple(findings), tuple(changes))


def _carry_out(table: ExampleTable, treatment: Treatment) -> ExampleTable:
    if treatment.answers:
        table = table.with_answers(treatment.answers)
    if len(treatment.left_out):
        table = table.take(np.setdiff1d(np.arange(len(table)), treatment.left_out))
    return table


def _describe(table: ExampleTable, remedy: Remedy, treatment: Treatment) -> list[Finding]:
    changed = np.array(sorted(treatment.answers), np.int64)
    found: list[Finding] = []
    for rows, verb in ((treatment.left_out, "left out"), (changed, "changed")):
        if len(rows):
            found += describe_rows(
                table,
                rows,
                code="remedy_applied",
                severity="warning",
                message=f"{len(rows):,} rows were {verb} ({remedy.name}). {remedy.title}",
                remedy="Asked for by data.remedies.",
            )
    return found


def _list_changes(table: ExampleTable, remedy: Remedy, treatment: Treatment) -> Iterator[Change]:
    for place in treatment.left_out.tolist():
        yield Change(**_locate(table, place), action="left_out", why=remedy.name)
    for place, after in treatment.answers.items():
        texts = {"before": table.answers[table.answer_N[place]], "after": after}
        yield Change(**_locate(table, place), action="changed", why=remedy.name, field="answer", **texts)


def _locate(table: ExampleTable, place: int) -> dict[str, Any]:
    return {"file": table.files[table.file_N[place]], "line": int(table.line_N[place])}


def _leave_out(rows: np.ndarray) -> Treatment:
    return Treatment(rows, {})


def _answer(answers: dict[int, str]) -> Treatment:
    return Treatment(np.array([], np.int64), answers)


def _strip_answers(table: ExampleTable) -> Treatment:
    stripped = {place: text.strip() for place, text in enumerate(table.answers) if text != text.strip()}
    return _answer(_new_answers(table, stripped))


def _merge_similar_labels(table: ExampleTable) -> Treatment:
    counts = dict(zip(table.answers, table.count_answers().tolist(), strict=True))
    places = {text: place for place, text in enumerate(table.answers)}
    new: dict[int, str] = {}
    for group in group_spellings(sorted(counts)):
        usual = max(group, key=lambda label: (counts[label], label))
        new |= {places[label]: usual for label in group if label != usual}
    return _answer(_new_answers(table, new))


def _new_answers(table: ExampleTable, new: dict[int, str]) -> dict[int, str]:
    """Return the new answer of each row, given those of some of ``table.answers``."""
    rows = np.flatnonzero(np.isin(table.answer_N, list(new))).tolist()
    # What a call of a tool says is JSON of our own making, not a text that somebody wrote.
    return {row: new[int(table.answer_N[row])] for row in rows if not table.get(row).messages[-1].tool_calls}


def _drop_duplicates(table: ExampleTable) -> Treatment:
    return _leave_out(np.flatnonzero(table.occurrence_N > 0))


def _drop_conflicts(table: ExampleTable) -> Treatment:
    return _leave_out(find_conflicts(table).rows)


def _drop_overlap_from_train(table: ExampleTable) -> Treatment:
    is_test_N = table.split_N == TEST
    is_shared_N = np.isin(table.prompt_N, table.prompt_N[is_test_N])
    return _leave_out(np.flatnonzero(~is_test_N & is_shared_N))


def _drop_overlap_from_test(table: ExampleTable) -> Treatment:
    return _leave_out(find_shared(table, table.prompt_N))


REPAIR_ROWS = "repair_rows"
DROP_TOO_LONG = "drop_too_long"
READING = {
    REPAIR_ROWS: "Rows are mended whose meaning is plain but whose form is not.",
    DROP_INVALID: "Rows with an error are left out instead of forbidding the run.",
}
"""Remedies that work while rows are read, before there is a table."""

REMEDIES: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        Remedy(
            name="strip_answers",
            title="Spaces and line ends around answers are taken away.",
            codes=("similar_labels",),
            phase="before",
            treat=_strip_answers,
        ),
        Remedy(
            name="merge_similar_labels",
            title="Spellings of one label (case, space, hyphen, final mark) become the most frequent one.",
            codes=("similar_labels",),
            phase="before",
            treat=_merge_similar_labels,
        ),
        Remedy(
            name="drop_conflicts",
            title="All rows are left out whose prompt has more than one answer.",
            codes=("conflicting_answers",),
            phase="before",
            treat=_drop_conflicts,
        ),
        Remedy(
            name="drop_duplicates",
            title="Of rows with the same content in one split the first is kept.",
            codes=("duplicate_in_split", "test_rows_repeated"),
            phase="after",
            treat=_drop_duplicates,
        ),
        Remedy(
            name="drop_overlap_from_train",
            title="Rows of train and validation are left out whose prompt occurs in test.",
            codes=("test_prompt_in_train",),
            phase="after",
            treat=_drop_overlap_from_train,
        ),
        Remedy(
            name="drop_overlap_from_test",
            title="Rows of test are left out whose prompt occurs in train or validation.",
            codes=("test_prompt_in_train",),
            phase="after",
            treat=_drop_overlap_from_test,
        ),
        Remedy(
            name=DROP_TOO_LONG,
            title="Rows are left out that exceed the context window or train.max_seq_len.",
            codes=("too_long",),
            phase="tokens",
            treat=None,
        ),
    )
}
