"""Take rows for the test or for validation: by hash, by fold, by group, by time or by scaffold.

Shape letters: N examples, M rows of the pool from which is taken, U units that stay together.
"""

from __future__ import annotations

import difflib

import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS, Finding, Split, Task
from aliquot.data.chronology import read_times
from aliquot.data.findings import describe_rows
from aliquot.data.scaffold import find_scaffolds
from aliquot.data.sizes import test_size, validation_size
from aliquot.data.table import TRAIN, UNSPLIT, ExampleTable
from aliquot.data.units import (
    Units,
    assign_folds,
    build_units,
    choose_beginning,
    choose_units,
    mix_strata,
    order_units,
)
from aliquot.errors import InputError

DEFAULT_SEED = 0


def require_coherent(settings: DataSettings, task: Task) -> None:
    """Raise when settings of the split contradict one another.

    Raises:
        InputError: Code ``setting_conflict``; names the settings and what to give instead.
    """
    given = settings.model_dump(exclude_none=True)
    for name, needed in (
        ("held_out_group", "group_key"),
        ("time_key", "split_method"),
        ("smiles_key", "split_method"),
    ):
        if name in given and needed not in given:
            raise _conflict(f"data.{name} is set and data.{needed} is not.", f"Set data.{needed} too.")
    if settings.fold is not None:
        read_fold(settings.fold)
    for method, key in (("time", "time_key"), ("scaffold", "smiles_key")):
        if (settings.split_method == method) != (key in given):
            raise _conflict(
                f"data.split_method is {settings.split_method or 'not set'} and data.{key} is "
                f"{given.get(key, 'not set')}.",
                f"Set both split_method: {method} and {key}, or neither.",
            )
    ways = [
        name
        for name in ("fold", "held_out_group", "test_fraction", "test_file", "without_test")
        if given.get(name) not in (None, False)
    ]
    if len(ways) > 1:
        message = f"data.{ways[0]} and data.{ways[1]} both say what the test is."
        raise _conflict(message, "Set one of the two.")
    if settings.split_method == "time" and settings.fold:
        raise _conflict("Folds cannot be in order of time.", "Leave out fold or split_method: time.")
    if settings.split_method == "stratified" and task.task_type != "labels":
        message = f"data.split_method is stratified, but the answers are no labels ({task.reason})."
        raise _conflict(message, "Set split_method: random, or evaluate.task_type: labels.")


def read_fold(text: str) -> tuple[int, int]:
    """Return the fold and the number of folds that a text such as ``2/5`` names.

    Raises:
        InputError: There is no such fold (``setting_conflict``).
    """
    fold, num_folds = map(int, text.split("/"))
    if num_folds < 2 or fold > num_folds:
        raise _conflict(f"data.fold is {text}; there is no such fold.", "Give 1/5 to 5/5 for five folds.")
    return fold, num_folds


def list_fields(table: ExampleTable) -> str:
    """Return the metadata fields of the first rows in words."""
    return (
        ", ".join(sorted({key for row in range(min(100, len(table))) for key in table.get(row).metadata}))
        or "none"
    )


def _conflict(message: str, hint: str) -> InputError:
    return InputError(message, code="setting_conflict", hint=hint)


class Splitting:
    """Splits under way: ``split_N`` changes as rows are held out.

    Args:
        table: The examples; their own splits are the start.
        settings: How to hold out.
        task: What the answers are: labels are held out in proportion.
    """

    def __init__(self, table: ExampleTable, settings: DataSettings, task: Task) -> None:
        self.split_N = table.split_N.copy()
        self.findings: list[Finding] = []
        self._table = table
        self._settings = settings
        self._seed = DEFAULT_SEED if settings.seed is None else settings.seed
        method = settings.split_method or ("stratified" if task.task_type == "labels" else "random")
        self._method = method

    def hold_out_test(self) -> str:
        """Hold out the test from the rows that have no split; return what was done, in words."""
        pool_M = np.flatnonzero(self.split_N == UNSPLIT)
        if self._settings.held_out_group is not None:
            return self._hold_out_group(pool_M, self._settings.held_out_group)
        if self._settings.fold is not None:
            return self._hold_out_fold(pool_M, *read_fold(self._settings.fold))
        return self._hold_out(pool_M, "test", test_size(len(pool_M), self._settings))

    def hold_out_validation(self) -> str:
        """Hold out validation from train; return what was done, in words."""
        pool_M = np.flatnonzero(self.split_N == TRAIN)
        return self._hold_out(pool_M, "validation", validation_size(len(pool_M), self._settings))

    def choose_train(self, num_rows: int, seed: int) -> tuple[np.ndarray, str]:
        """Return the places of ``num_rows`` training rows to keep, and how they were chosen, in words."""
        pool_M = np.flatnonzero(self.split_N == TRAIN)
        units = self._build_units(pool_M)
        order_U = mix_strata(units, order_units(units, self._table, pool_M, f"{seed}:train_rows"))
        is_kept_M = units.members(choose_beginning(units, order_U, num_rows))
        return pool_M[is_kept_M], f"by hash with seed {seed}{self._say_kept()}"

    def _hold_out(self, pool_M: np.ndarray, split: Split, size: int) -> str:
        if size == 0:
            return f"No rows were held out for {split}."
        if self._method == "time":
            return self._hold_out_latest(pool_M, split, size)
        units = self._build_units(pool_M)
        order_U = order_units(units, self._table, pool_M, f"{self._seed}:{split}")
        is_chosen_M = units.members(choose_units(units, order_U, size))
        return self._assign(
            pool_M, is_chosen_M, split, f"by hash with seed {self._seed}{self._say_kept()}", size
        )

    def _hold_out_fold(self, pool_M: np.ndarray, fold: int, num_folds: int) -> str:
        units = self._build_units(pool_M)
        order_U = order_units(units, self._table, pool_M, f"{self._seed}:folds")
        is_chosen_M = units.members(assign_folds(units, order_U, num_folds) == fold - 1)
        how = f"as fold {fold} of {num_folds}, by hash with seed {self._seed}{self._say_kept()}"
        return self._assign(pool_M, is_chosen_M, "test", how)

    def _hold_out_group(self, pool_M: np.ndarray, group: str) -> str:
        groups = self._table.groups
        if group not in groups:
            near = difflib.get_close_matches(group, groups, n=1)
            known = ", ".join(map(repr, groups[:10])) + (" …" if len(groups) > 10 else "")
            raise InputError(
                f"No row has {self._settings.group_key} {group!r}.",
                code="unknown_group",
                location="data.held_out_group",
                hint=f"Did you mean {near[0]!r}?" if near else f"Groups: {known or 'none'}.",
            )
        is_chosen_M = self._table.group_N[pool_M] == groups.index(group)
        return self._assign(
            pool_M, is_chosen_M, "test", f"because their {self._settings.group_key} is {group!r}"
        )

    def _hold_out_latest(self, pool_M: np.ndarray, split: Split, size: int) -> str:
        key = self._settings.time_key or ""
        time_M, is_bad_M = read_times([self._table.find_value(row, key) for row in pool_M.tolist()])
        if is_bad_M.any():
            self._report_times(pool_M[is_bad_M], key)
            return f"No rows were held out for {split}, for want of a time."
        border = np.sort(time_M)[-size - 1] if size < len(time_M) else -np.inf
        return self._assign(
            pool_M, time_M > border, split, f"as the latest by {key}, rows of one time kept together", size
        )

    def _report_times(self, rows: np.ndarray, key: str) -> None:
        if any(finding.code == "time_unreadable" for finding in self.findings):
            return
        found = self._table.find_value(int(rows[0]), key)
        what = "missing" if found is None else repr(found)
        self.findings += describe_rows(
            self._table,
            rows,
            code="time_unreadable",
            severity="error",
            message=f"{len(rows):,} rows have no readable time in {key!r}; the first is {what}.",
            field=key,
            remedy="Write ISO dates (2024-05-31) in every row, or plain numbers in every row.",
        )

    def _build_units(self, pool_M: np.ndarray) -> Units:
        ties = [self._table.group_N[pool_M]] if self._table.groups else []
        if self._method == "scaffold":
            ties.append(self._read_scaffolds(pool_M))
        is_stratified = self._method == "stratified"
        return build_units(self._table, pool_M, is_stratified=is_stratified, ties=ties)

    def _read_scaffolds(self, pool_M: np.ndarray) -> np.ndarray:
        key = self._settings.smiles_key or ""
        scaffold_M, is_bad_M = find_scaffolds([self._table.find_value(row, key) for row in pool_M.tolist()])
        if is_bad_M.any() and not any(item.code == "smiles_unreadable" for item in self.findings):
            is_all = bool(is_bad_M.all())
            fields = f" Fields of the rows: {list_fields(self._table)}." if is_all else ""
            self.findings += describe_rows(
                self._table,
                pool_M[is_bad_M],
                code="smiles_unreadable",
                severity="error" if is_all else "warning",
                message=f"{int(is_bad_M.sum()):,} rows have no readable SMILES in {key!r}.",
                field=key,
                remedy=f"Correct them; each of them is split as a molecule of its own.{fields}",
            )
        return scaffold_M

    def _say_kept(self) -> str:
        strata = ", each label in proportion" if self._method == "stratified" else ""
        kept = ["equal prompts"]
        if self._table.groups:
            kept.append(f"equal {self._settings.group_key}")
        if self._method == "scaffold":
            kept.append("equal scaffolds")
        return f"{strata}, {' and '.join(kept)} kept together"

    def _assign(
        self, pool_M: np.ndarray, is_chosen_M: np.ndarray, split: Split, how: str, wanted: int | None = None
    ) -> str:
        self.split_N[pool_M[is_chosen_M]] = SPLITS.index(split)
        number = int(is_chosen_M.sum())
        origin = "" if split == "test" else "train "
        wish = ""
        if wanted is not None and number != wanted:
            wish = f" ({wanted:,} were wanted; rows that belong together were not parted)"
        return f"{number:,} of {len(pool_M):,} {origin}rows were held out for {split} {how}{wish}."
