"""Keep only some of the training rows, because ``data.train_rows`` asks for it.

Fewer rows are always part of more, whole groups and equal prompts together and each label in proportion,
so that what a model learns from 100 and from 200 rows differs in the number of rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Change, Finding, Task
from aliquot.data.findings import describe_rows
from aliquot.data.hold_out import DEFAULT_SEED, Splitting
from aliquot.data.table import ExampleTable

TRAIN_ROWS, TRAIN_ROWS_SEED = "data.train_rows", "data.train_rows_seed"


@dataclass(frozen=True, slots=True)
class Kept:
    """The table without the training rows that are not used, and where these went."""

    table: ExampleTable
    rule: str = ""
    findings: tuple[Finding, ...] = ()
    changes: tuple[Change, ...] = ()


def keep_train_rows(table: ExampleTable, settings: DataSettings, task: Task) -> Kept:
    """Return the table with as many training rows as the settings ask for; all others stay.

    Args:
        table: The examples with their splits.
        settings: ``train_rows`` and ``train_rows_seed``; the rest says what stays together.
        task: What the answers are: labels are kept in proportion.
    """
    wanted, train_M = settings.train_rows, table.find("train")
    if wanted is None or not len(train_M):
        return Kept(table)
    if wanted >= len(train_M):
        return Kept(table, "", tuple(_say_too_few(wanted, len(train_M))))
    seed = DEFAULT_SEED if settings.train_rows_seed is None else settings.train_rows_seed
    places, how = Splitting(table, settings, task).choose_train(wanted, seed)
    left_out = np.setdiff1d(train_M, places)
    rule = _say(len(places), len(train_M), wanted, how)
    findings = describe_rows(
        table,
        left_out,
        code="train_rows_left_out",
        severity="note",
        message=f"{len(left_out):,} of {len(train_M):,} training rows are not used, as {TRAIN_ROWS} asks.",
    )
    changes = [
        Change(
            file=table.files[table.file_N[place]],
            line=int(table.line_N[place]),
            action="left_out",
            why=TRAIN_ROWS,
        )
        for place in left_out.tolist()
    ]
    return Kept(
        table.take(np.setdiff1d(np.arange(len(table)), left_out)), rule, tuple(findings), tuple(changes)
    )


def _say(num_kept: int, num_rows: int, wanted: int, how: str) -> str:
    wish = "" if num_kept == wanted else f" ({wanted:,} were wanted; what belongs together was not parted)"
    return (
        f"{num_kept:,} of {num_rows:,} training rows were kept as asked, {how}{wish}; "
        f"the other {num_rows - num_kept:,} are not used."
    )


def _say_too_few(wanted: int, num_rows: int) -> list[Finding]:
    if wanted == num_rows:
        return []
    return [
        Finding(
            code="train_rows_too_few",
            severity="warning",
            message=f"{TRAIN_ROWS} is {wanted:,}, but there are only {num_rows:,} training rows.",
            remedy="Ask for fewer, or add rows.",
        )
    ]
