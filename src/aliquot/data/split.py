"""Assign every example to train, validation or test, and say in words how.

A split in the file, or a file of its own, always wins. Without one, test is held out as the settings
say, and validation is taken from train; no row of a test is ever moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Finding, Task
from aliquot.data.findings import describe_rows
from aliquot.data.hold_out import Splitting, list_fields, require_coherent
from aliquot.data.split_words import SPLIT_WORDS
from aliquot.data.table import TEST, TRAIN, UNSPLIT, VALIDATION, ExampleTable
from aliquot.errors import InputError


@dataclass(frozen=True, slots=True)
class SplitTable:
    """Examples with their splits, how they got them, and what a person should know."""

    table: ExampleTable
    rule: str
    findings: tuple[Finding, ...]


def split_table(table: ExampleTable, settings: DataSettings, task: Task) -> SplitTable:
    """Return the examples with split and occurrence number.

    Raises:
        InputError: The settings contradict one another or the split of the files, or name a group that no
            row has.
    """
    require_coherent(settings, task)
    _require_one_test(table, settings)
    findings = [*_check_marks(table), *_check_group_key(table, settings)]
    splitting = Splitting(table, settings, task)
    words = [_say_own(table)]
    if (table.split_N == UNSPLIT).any() and not (table.split_N == TEST).any():
        words.append(splitting.hold_out_test())
    else:
        words.append(_say_unused(settings))
    split_N = splitting.split_N
    split_N[split_N == UNSPLIT] = TRAIN
    if not (split_N == VALIDATION).any():
        words.append(splitting.hold_out_validation())
    elif settings.validation_fraction is not None:
        words.append("There are validation rows already, so validation_fraction was not used.")
    findings += splitting.findings
    return SplitTable(table.with_split(split_N), " ".join(filter(None, words)), tuple(findings))


def split_for_scoring(table: ExampleTable) -> SplitTable:
    """Return the examples with the split of the files; where none names one, all rows are the test."""
    findings = tuple(_check_marks(table))
    if (table.split_N == UNSPLIT).all():
        rule = f"No row names a split; all {len(table):,} rows are the test."
        return SplitTable(table.with_split(np.full_like(table.split_N, TEST)), rule, findings)
    split_N = np.where(table.split_N == UNSPLIT, TRAIN, table.split_N)  # of an error, which stops it
    return SplitTable(table.with_split(split_N), _say_own(table), findings)


def _require_one_test(table: ExampleTable, settings: DataSettings) -> None:
    marked = {table.files[file] for file in np.unique(table.file_N[table.own_split_N == TEST])}
    others = sorted(marked - {settings.test_file})
    if settings.test_file and others:
        raise InputError(
            f"data.test_file is set, but {others[0]} has test rows of its own.",
            code="setting_conflict",
            hint="Leave out test_file, or take the test rows out of the other file.",
        )


def _say_unused(settings: DataSettings) -> str:
    """Return what was set about the test and not used, because the files have a split of their own.

    Raises:
        InputError: A fold or a group was to be the test: another test would be another claim.
    """
    for name in ("fold", "held_out_group"):
        if getattr(settings, name) is not None:
            raise InputError(
                f"data.{name} is set, but the files have a split of their own, which is never changed.",
                code="setting_conflict",
                hint=f"Leave out {name}, or remove the split from the rows.",
            )
    names = [name for name in ("test_fraction", "without_test") if getattr(settings, name)]
    if settings.split_method is not None:
        names.append("split_method (for the test)")
    return f"{' and '.join(names)} was not used: the split is the files' own." if names else ""


def _say_own(table: ExampleTable) -> str:
    counts = [(int((table.split_N == code).sum()), name) for code, name in enumerate(SPLITS)]
    if not any(number for number, _ in counts):
        return ""
    sizes = ", ".join(f"{number:,} {name}" for number, name in counts if number)
    owner = "The file's own split" if len(table.files) == 1 else "The split of the files"
    return f"{owner} was kept: {sizes} rows."


def _check_marks(table: ExampleTable) -> list[Finding]:
    """Find rows without a split in a file in which others have one."""
    is_marked_N = table.split_N != UNSPLIT
    marked_files = np.unique(table.file_N[is_marked_N])
    rows = np.flatnonzero(~is_marked_N & np.isin(table.file_N, marked_files))
    if not len(rows):
        return []
    return describe_rows(
        table,
        rows,
        code="split_missing",
        severity="error",
        message=f"{len(rows):,} rows have no split, although others have one.",
        field="split",
        remedy=f"Give every row one of {', '.join(SPLIT_WORDS)}, or remove the key from all.",
    )


def _check_group_key(table: ExampleTable, settings: DataSettings) -> list[Finding]:
    rows = np.flatnonzero(table.group_N < 0)
    if settings.group_key is None or not len(rows):
        return []
    is_unknown = len(rows) == len(table)
    remedy = f"Fields of the rows: {list_fields(table)}." if is_unknown else "Each of them stands alone."
    return describe_rows(
        table,
        rows,
        code="group_key_missing",
        severity="error" if is_unknown else "warning",
        message=f"{len(rows):,} of {len(table):,} rows have no field {settings.group_key!r}.",
        field=settings.group_key,
        remedy=remedy,
    )
