"""What splits share, what rows repeat, and where they contradict one another: found, told, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aliquot.core.dataset import SPLITS, TEXT_TASKS, Finding, Overlap, Task
from aliquot.data.findings import describe_rows
from aliquot.data.table import TEST, ExampleTable, find_first, is_among

MAX_REPEATED = 0.1
"""Share of test rows that may be repeats before it is worth a warning."""


def measure_overlap(table: ExampleTable, conflicts: Conflicts) -> Overlap:
    """Return what test shares with train, to the letter, and how far prompts contradict one another.

    Validation counts as train here: the checkpoint is chosen on it.
    """
    shared = find_shared(table, table.prompt_N)
    return Overlap(
        test_prompts_in_train=len(shared),
        test_ids_in_train=tuple(table.example_ids(shared)),
        conflicting_prompts=conflicts.num_conflicting,
        accuracy_ceiling=conflicts.accuracy_ceiling,
    )


def check_overlap(table: ExampleTable, conflicts: Conflicts, task: Task) -> list[Finding]:
    """Return the findings about duplicates, overlaps, contradictions and answers given away."""
    return [
        *_check_shared(table),
        *_check_duplicates(table),
        *_check_conflicts(table, conflicts, task),
        *_check_groups(table),
        *_check_given_away(table),
    ]


def _describe_repeated_test(table: ExampleTable, again: np.ndarray, num_test: int) -> list[Finding]:
    return describe_rows(
        table,
        again,
        code="test_rows_repeated",
        severity="warning",
        message=f"{len(again):,} of {num_test:,} test rows repeat an earlier one to the letter: the test has "
        f"{num_test - len(again):,} different rows and can show no more than so many.",
        remedy="They are kept, and intervals count each: they are too narrow unless the rows are repeated "
        "measurements.",
    )


def find_shared(table: ExampleTable, key_N: np.ndarray) -> np.ndarray:
    """Return the test examples whose key occurs in train or validation."""
    is_test_N = table.split_N == TEST
    rest = key_N[~is_test_N]
    shared = rest[is_among(rest, np.unique(key_N[is_test_N]))]
    return np.flatnonzero(is_test_N & is_among(key_N, np.unique(shared)))


def _check_shared(table: ExampleTable) -> Iterator[Finding]:
    exact = find_shared(table, table.prompt_N)
    alike = np.setdiff1d(find_shared(table, table.reading_N), exact)
    is_test_N = table.split_N == TEST
    if len(exact):
        num_same = int(np.isin(table.content_N[exact], table.content_N[~is_test_N]).sum())
        yield from describe_rows(
            table,
            exact,
            code="test_prompt_in_train",
            severity="warning",
            message=f"The prompts of {len(exact):,} of {int(is_test_N.sum()):,} test rows occur verbatim in "
            f"train, {num_same:,} of them with the same answer.",
            remedy="They are kept, and scores are also given without them.",
        )
    if len(alike):
        yield from describe_rows(
            table,
            alike,
            code="test_prompt_near_train",
            severity="warning",
            message=f"The prompts of {len(alike):,} more test rows occur in train but for case, spacing or "
            "typographic form.",
            remedy="They are kept. If they mean the same, the test is easier than it seems.",
        )


def _check_duplicates(table: ExampleTable) -> Iterator[Finding]:
    for code, split in enumerate(SPLITS):
        is_here_N = table.split_N == code
        again = np.flatnonzero(is_here_N & (table.occurrence_N > 0))
        if split == "test" and len(again) > MAX_REPEATED * is_here_N.sum():
            yield from _describe_repeated_test(table, again, int(is_here_N.sum()))
        elif len(again):
            yield from describe_rows(
                table,
                again,
                code="duplicate_in_split",
                severity="note",
                message=f"{len(again):,} rows of {split} repeat an earlier one to the letter; they are kept.",
                remedy="Remove them if they are copies rather than repeated measurements.",
            )


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Prompts with more than one answer; answers that differ only in the space around them are one.

    Attributes:
        rows: Places of the examples with such a prompt.
        num_prompts: Different prompts in all.
        num_conflicting: Those with more than one answer.
        accuracy_ceiling: Best accuracy that one answer to each prompt could reach on test; 1.0 without rows.
    """

    rows: np.ndarray
    num_prompts: int
    num_conflicting: int
    accuracy_ceiling: float


def find_conflicts(table: ExampleTable) -> Conflicts:
    """Return the prompts that rows contradict one another about."""
    first_N = find_first(table.prompt_N)  # stands for the prompt
    numbers: dict[str, int] = {}
    stripped = [numbers.setdefault(answer.strip(), len(numbers)) for answer in table.answers]
    pair_N = first_N * len(numbers) + np.array(stripped, np.int64)[table.answer_N]
    num_rows_N = np.bincount(first_N)
    repeated = np.flatnonzero(num_rows_N[first_N] > 1)
    num_answers_N = np.bincount(np.unique(pair_N[repeated]) // max(len(numbers), 1), minlength=len(table))
    test = np.flatnonzero(table.split_N == TEST)
    pairs, counts = np.unique(pair_N[test], return_counts=True)
    best_N = np.zeros(len(table), np.int64)
    np.maximum.at(best_N, pairs // max(len(numbers), 1), counts)
    return Conflicts(
        rows=np.flatnonzero(num_answers_N[first_N] > 1),
        num_prompts=int(np.count_nonzero(num_rows_N)),
        num_conflicting=int((num_answers_N > 1).sum()),
        accuracy_ceiling=float(best_N.sum() / len(test)) if len(test) else 1.0,
    )


def _check_conflicts(table: ExampleTable, conflicts: Conflicts, task: Task) -> Iterator[Finding]:
    if not conflicts.num_conflicting or task.task_type == "text":  # several good texts may answer one prompt
        return
    ceiling = conflicts.accuracy_ceiling
    counts = f"{conflicts.num_conflicting:,} of {conflicts.num_prompts:,}"
    message = f"{counts} different prompts have more than one answer."
    if ceiling < 1 and task.task_type not in TEXT_TASKS:  # which may be right in several spellings
        message += f" No model that answers each prompt in one way can exceed {100 * ceiling:.1f} % on test."
    yield from describe_rows(
        table,
        conflicts.rows,
        code="conflicting_answers",
        severity="warning",
        message=message,
        remedy="Look at these rows: which answer is right?",
    )


def _check_groups(table: ExampleTable) -> Iterator[Finding]:
    if not table.groups:
        return
    is_test_N = table.split_N == TEST
    has_group_N = table.group_N >= 0
    both = np.intersect1d(table.group_N[is_test_N & has_group_N], table.group_N[~is_test_N & has_group_N])
    if len(both):
        yield from describe_rows(
            table,
            np.flatnonzero(is_test_N & np.isin(table.group_N, both)),
            code="group_in_both",
            severity="warning",
            message=f"{len(both):,} groups have rows in train and in test.",
            remedy="Give a group one split, or remove the split key and let Aliquot split by group.",
        )


def _check_given_away(table: ExampleTable) -> Iterator[Finding]:
    """Find answers that stand in their own prompt, far oftener than other rows' answers do."""
    given = np.flatnonzero(table.is_given_N)
    num_by_chance = int(table.is_other_given_N.sum())
    if len(given) > max(4, 2 * num_by_chance):
        yield from describe_rows(
            table,
            given,
            code="answer_in_prompt",
            severity="warning",
            message=f"In {len(given):,} of {len(table):,} rows the answer stands in the prompt "
            f"(an earlier row's answer does in {num_by_chance:,}).",
            remedy="Unless the task is to copy or choose, take the answer out of the prompt.",
        )
