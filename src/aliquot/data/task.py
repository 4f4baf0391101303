"""What kind of answer the references are: labels, numbers, sets of items, JSON records, or free text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from aliquot.core.dataset import Finding, Split, Task, TaskType
from aliquot.core.item_set import JSON_LIST
from aliquot.core.molecule import has_rdkit
from aliquot.data.answers import check_label_counts
from aliquot.data.chemical_answers import SCORED_AS_TEXT, find_compositions, find_molecules
from aliquot.data.findings import describe_rows
from aliquot.data.numbers import has_decimal_comma, is_number
from aliquot.data.readers import Reader, check_accepted, find_reader
from aliquot.data.similar_labels import check_similar_labels
from aliquot.data.structured_answers import (
    SEPARATORS,
    choose_separator,
    find_json,
    find_set,
)
from aliquot.data.table import TEST, ExampleTable

MAX_LABELS = 100
MAX_LABEL_LENGTH = 60
MIN_ROWS_PER_LABEL = 4
MAX_NUMBER_LABELS = 10
"""Whole numbers with at most this many values are taken for classes."""
NUMBER_SHARE = 0.95
"""From this share on, references that are no numbers are taken for mistakes."""


def infer_task(counts: Counter[str], task_type: TaskType | None = None) -> Task:
    """Return the task of these references, with the evidence.

    Few values that recur are labels, whatever they look like; then come numbers, JSON records and sets.

    Args:
        counts: How often each expected answer occurs, over all splits.
        task_type: What the user set, or None to infer it.
    """
    if task_type is not None:
        return _as_set_by_user(counts, task_type)
    if not counts:
        return Task(task_type="text", reason="There are no references.")
    num_numbers = sum(count for text, count in counts.items() if is_number(text))
    if num_numbers >= NUMBER_SHARE * counts.total():
        return _infer_from_numbers(counts, num_numbers, counts.total())
    return _infer_from_words(counts, counts.total())


def check_task(table: ExampleTable, task: Task) -> list[Finding]:
    """Return what stands against reading the references in this way."""
    if task.task_type == "labels":
        found = [*check_similar_labels(task.labels), *_find_single(task), *_find_unseen(table)]
        return [*found, *check_label_counts(table)]
    found = _find_decimal_commas(table) if task.task_type in ("text", "set") else []
    if reader := find_reader(task):
        found = [*found, *_find_unlike(table, reader), *check_accepted(table, reader)]
    return found


def count_labels(table: ExampleTable, split: Split, task: Task) -> dict[str, int]:
    """Return how often each label occurs in a split, in the order of the labels; empty for other tasks."""
    counts = dict(zip(table.answers, table.count_answers(table.find(split)).tolist(), strict=True))
    return {label: counts.get(label, 0) for label in task.labels}


def _as_set_by_user(counts: Counter[str], task_type: TaskType) -> Task:
    reason = "Set by evaluate.task_type."
    if task_type == "labels":
        return Task(task_type=task_type, labels=tuple(sorted(counts)), reason=reason, set_by="you")
    if task_type == "set":
        separator = choose_separator(counts)
        reason = f"{reason} Items are read {SEPARATORS[separator]}, as most references have them."
        return Task(task_type=task_type, separator=separator, reason=reason, set_by="you")
    if task_type == "molecule" and not has_rdkit():
        return Task(task_type="text", reason=f"{reason} {SCORED_AS_TEXT}", set_by="you")
    return Task(task_type=task_type, reason=reason, set_by="you")


def _infer_from_numbers(counts: Counter[str], num_numbers: int, total: int) -> Task:
    is_whole = all(text.strip().lstrip("+-−").isdigit() for text in counts)
    if is_whole and len(counts) <= MAX_NUMBER_LABELS and _is_closed(counts, total):
        reason = (
            f"All {total:,} references are whole numbers with only {len(counts)} different values, so they "
            "are read as classes; set evaluate.task_type: number if their size matters."
        )
        return Task(task_type="labels", labels=tuple(sorted(counts)), reason=reason)
    reason = f"{num_numbers:,} of {total:,} references are numbers ({len(counts):,} different texts)."
    return Task(task_type="number", reason=reason)


def _infer_from_words(counts: Counter[str], total: int) -> Task:
    longest = max(len(text) for text in counts)
    if _is_closed(counts, total):
        reason = f"{total:,} references take only {len(counts)} values, each of at most {longest} characters."
        return Task(task_type="labels", labels=tuple(sorted(counts)), reason=reason)
    record, items = find_json(counts), find_set(counts)
    if items and (items.separator == JSON_LIST or not record):  # the commas of records part no items
        return Task(task_type="set", separator=items.separator, reason=items.reason)
    if record:
        return Task(task_type="json", reason=record)
    if reason := find_compositions(counts):
        return Task(task_type="composition", reason=reason)
    if reason := find_molecules(counts):
        return Task(task_type="molecule" if has_rdkit() else "text", reason=reason)
    reason = (
        f"{total:,} references take {len(counts):,} different values, the longest of {longest:,} characters."
    )
    return Task(task_type="text", reason=reason)


def _is_closed(counts: Counter[str], total: int) -> bool:
    """Whether values repeat as those of a closed set do: few, short, and hardly any only once."""
    num_single = sum(count == 1 for count in counts.values())
    return (
        len(counts) <= MAX_LABELS
        and total >= MIN_ROWS_PER_LABEL * len(counts)
        and all(len(text) <= MAX_LABEL_LENGTH and "\n" not in text for text in counts)
        and num_single <= max(1, len(counts) // 4)
    )


def _find_unlike(table: ExampleTable, reader: Reader) -> list[Finding]:
    """Return the rows whose reference is not what the references are."""
    is_unlike = np.array([not reader.can_read(answer) for answer in table.answers], bool)
    rows = np.flatnonzero(is_unlike[table.answer_N])
    if not len(rows):
        return []
    first = table.answers[table.answer_N[rows[0]]]
    message = f"The references are {reader.expected}, but here one is {first[:60]!r}."
    remedy = "Correct these rows, or set evaluate.task_type: text."
    return describe_rows(table, rows, code=reader.code, severity="error", message=message, remedy=remedy)


def _find_decimal_commas(table: ExampleTable) -> list[Finding]:
    counts = table.answer_counts()
    num_commas = sum(count for answer, count in counts.items() if has_decimal_comma(answer))
    if not counts or num_commas < NUMBER_SHARE * counts.total():
        return []
    share = f"{num_commas:,} of {counts.total():,}"
    message = f"{share} references are numbers with a decimal comma; they are read as text."
    remedy = "Write them with a point, so that their errors can be measured."
    return [Finding(code="decimal_comma", severity="warning", message=message, remedy=remedy)]


def _find_single(task: Task) -> Iterable[Finding]:
    if len(task.labels) == 1:
        message = f"Every reference is {task.labels[0]!r}; there is nothing to tell apart."
        yield Finding(
            code="one_label", severity="warning", message=message, remedy="Add rows of other labels."
        )


def _find_unseen(table: ExampleTable) -> Iterable[Finding]:
    num_train = table.count_answers(table.find("train"))
    unseen = np.flatnonzero((table.split_N == TEST) & (num_train[table.answer_N] == 0))
    if len(unseen) and num_train.any():
        names = ", ".join(
            repr(label) for label in sorted({table.answers[place] for place in table.answer_N[unseen]})[:5]
        )
        yield from describe_rows(
            table,
            unseen,
            code="label_not_in_train",
            severity="warning",
            message=f"Labels that occur in test but not in train: {names}.",
            remedy="The model cannot learn them; add training rows.",
        )
