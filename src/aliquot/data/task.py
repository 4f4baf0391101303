"""What kind of answer the references are: labels, numbers, sets of items, JSON records, or free text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from aliquot.core.dataset import Example, Finding, Task, TaskType
from aliquot.data.findings import first_lines
from aliquot.data.numbers import is_number
from aliquot.data.similar_labels import check_similar_labels
from aliquot.data.structured_answers import find_json, find_set, is_json_record

MAX_LABELS = 100
MAX_LABEL_LENGTH = 60
MIN_ROWS_PER_LABEL = 4
MAX_NUMBER_LABELS = 10
"""Whole numbers with at most this many values are taken for classes."""
NUMBER_SHARE = 0.95
"""From this share on, references that are no numbers are taken for mistakes."""


def infer_task(references: Sequence[str], task_type: TaskType | None = None) -> Task:
    """Return the task of these references, with the evidence.

    Few values that recur are labels, whatever they look like; then come numbers, JSON records and sets.

    Args:
        references: The expected answers of all splits.
        task_type: What the user set, or None to infer it.
    """
    counts = Counter(references)
    if task_type is not None:
        labels = tuple(sorted(counts)) if task_type == "labels" else ()
        return Task(task_type=task_type, labels=labels, reason="Set by evaluate.task_type.", set_by="you")
    if not references:
        return Task(task_type="text", reason="There are no references.")
    num_numbers = sum(count for text, count in counts.items() if is_number(text))
    if num_numbers >= NUMBER_SHARE * len(references):
        return _infer_from_numbers(counts, num_numbers, len(references))
    return _infer_from_words(counts, len(references))


def check_task(examples: Sequence[Example], task: Task) -> list[Finding]:
    """Return what stands against reading the references in this way."""
    if task.task_type == "number":
        return list(_find_non_numbers(examples))
    if task.task_type == "labels":
        return [*check_similar_labels(task.labels), *_find_single(task), *_find_unseen(examples)]
    if task.task_type == "json":
        return list(_find_non_json(examples))
    return []


def count_labels(examples: Iterable[Example], task: Task) -> dict[str, int]:
    """Return how often each label occurs, in the order of the labels; empty for other tasks."""
    counts = Counter(example.reference for example in examples)
    return {label: counts[label] for label in task.labels}


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
    if reason := find_json(counts):
        return Task(task_type="json", reason=reason)
    if reason := find_set(counts):
        return Task(task_type="set", reason=reason)
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


def _find_non_numbers(examples: Sequence[Example]) -> Iterable[Finding]:
    wrong = [example for example in examples if not is_number(example.reference)]
    if wrong:
        yield Finding(
            code="reference_not_number",
            severity="error",
            message=f"The references are numbers, but here one is {wrong[0].reference[:60]!r}.",
            lines=first_lines(example.line for example in wrong),
            count=len(wrong),
            remedy="Correct these rows, or set evaluate.task_type: text.",
        )


def _find_non_json(examples: Sequence[Example]) -> Iterable[Finding]:
    wrong = [example for example in examples if not is_json_record(example.reference)]
    if wrong:
        yield Finding(
            code="reference_not_json",
            severity="warning",
            message=f"The references are JSON records, but here one is {wrong[0].reference[:60]!r}.",
            lines=first_lines(example.line for example in wrong),
            count=len(wrong),
            remedy="Correct these rows: the model would learn to write broken JSON.",
        )


def _find_single(task: Task) -> Iterable[Finding]:
    if len(task.labels) == 1:
        message = f"Every reference is {task.labels[0]!r}; there is nothing to tell apart."
        yield Finding(
            code="one_label", severity="warning", message=message, remedy="Add rows of other labels."
        )


def _find_unseen(examples: Sequence[Example]) -> Iterable[Finding]:
    seen = {example.reference for example in examples if example.split == "train"}
    unseen = [example for example in examples if example.split == "test" and example.reference not in seen]
    if unseen and seen:
        names = ", ".join(repr(label) for label in sorted({example.reference for example in unseen})[:5])
        yield Finding(
            code="label_not_in_train",
            severity="warning",
            message=f"Labels that occur in test but not in train: {names}.",
            lines=first_lines(example.line for example in unseen),
            count=len(unseen),
            remedy="The model cannot learn them; add training rows.",
        )
