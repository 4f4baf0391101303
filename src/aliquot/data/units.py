"""Rows that must not be parted by a split: the same prompt, the same content, the same group.

A unit's place in the order depends on its rows' contents alone, so that a split does not depend on the
order of rows. Shape letters: M rows of the pool that is split, U units, S strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from aliquot.data.table import ExampleTable, find_first, in_chunks

CONSTANT_SHARE = 0.1
"""A prompt of more than this share of all rows is a standing instruction, not an item of its own."""
_CONSTANT_ROWS = 4


@dataclass(frozen=True, slots=True)
class Units:
    """A partition of the rows of a pool.

    Attributes:
        unit_M: The unit of each row.
        size_U: Rows of each unit.
        first_U: The row with the lowest content hash in each unit: it names the unit.
        stratum_U: The most frequent answer of each unit where the split is stratified, else 0.
    """

    unit_M: np.ndarray
    size_U: np.ndarray
    first_U: np.ndarray
    stratum_U: np.ndarray

    def members(self, is_chosen_U: np.ndarray) -> np.ndarray:
        """Return whether each row belongs to a chosen unit."""
        return is_chosen_U[self.unit_M]


def build_units(
    table: ExampleTable, pool_M: np.ndarray, *, is_stratified: bool, ties: Sequence[np.ndarray] = ()
) -> Units:
    """Return the units of some rows; every row is in exactly one.

    Args:
        table: All examples.
        pool_M: Places of the rows to be split.
        is_stratified: Whether units are told apart by their answers.
        ties: Further columns over the pool whose equal values, if not negative, stay together.
    """
    content_M, reading_M = table.content_N[pool_M], table.reading_N[pool_M]
    unit_M = _join([_items(reading_M, content_M), *ties])
    num_units = int(unit_M.max(initial=-1)) + 1
    size_U = np.bincount(unit_M, minlength=num_units)
    stratum_U = np.zeros(num_units, np.int64)
    if is_stratified:
        stratum_U = _most_frequent(unit_M, table.answer_N[pool_M], table.answers)
    return Units(unit_M, size_U, _find_first(unit_M, content_M, size_U), stratum_U)


def order_units(units: Units, table: ExampleTable, pool_M: np.ndarray, salt: str) -> np.ndarray:
    """Return the units in the order of a salted hash of their names, the same for any order of rows."""
    salted, digests = sha256(f"{salt}:".encode()), bytearray()
    for rows in in_chunks(pool_M[units.first_U]):
        for name in "\n".join(table.content_hashes(rows)).encode().split(b"\n"):
            digest = salted.copy()  # takes less time than a new one
            digest.update(name)
            digests += digest.digest()
    order_key_U = np.frombuffer(digests, ">u8")[:: salted.digest_size // 8]
    return np.argsort(order_key_U.astype(np.uint64), kind="stable")


def choose_units(units: Units, order_U: np.ndarray, num_rows: int) -> np.ndarray:
    """Choose units with about ``num_rows`` rows in all, never more; each stratum gives its share.

    Units are taken in order. The last row of a stratum is never taken, and when every unit is larger
    than wanted, the smallest is taken if it leaves at least half of the rows.

    Returns:
        Whether each unit is chosen.
    """
    is_chosen_U = np.zeros(len(order_U), bool)
    if num_rows < 1 or not len(order_U):
        return is_chosen_U
    size_S = np.bincount(units.stratum_U, weights=units.size_U).astype(int)
    room_S = _share_out(num_rows, size_S)
    _take(units, order_U, is_chosen_U, room_S)
    _fill(units, order_U, is_chosen_U, num_rows, size_S)
    if not is_chosen_U.any():
        smallest = order_U[np.argmin(units.size_U[order_U])]
        is_chosen_U[smallest] = 2 * units.size_U[smallest] <= units.size_U.sum()
    return is_chosen_U


def mix_strata(units: Units, order_U: np.ndarray) -> np.ndarray:
    """Return the units in an order of which every beginning has about the same share of each stratum.

    Within a stratum the given order stays, so that rows of other strata change nothing there.
    """
    stratum_U, size_U = units.stratum_U[order_U], units.size_U[order_U]
    by_stratum_U = np.argsort(stratum_U, kind="stable")
    size_S = np.bincount(stratum_U, weights=size_U)
    before_S = np.cumsum(size_S) - size_S
    ends_U = np.cumsum(size_U[by_stratum_U]) - before_S[stratum_U[by_stratum_U]]
    middle_U = np.empty(len(order_U))
    middle_U[by_stratum_U] = ends_U - size_U[by_stratum_U] / 2
    return order_U[np.argsort(middle_U / size_S[stratum_U], kind="stable")]


def choose_beginning(units: Units, order_U: np.ndarray, num_rows: int) -> np.ndarray:
    """Choose the first units of an order that together have at most ``num_rows`` rows, but at least one unit.

    The units of a smaller number are always among those of a larger one.

    Returns:
        Whether each unit is chosen.
    """
    num_units = np.searchsorted(np.cumsum(units.size_U[order_U]), num_rows, side="right")
    is_chosen_U = np.zeros(len(order_U), bool)
    is_chosen_U[order_U[: max(1, int(num_units))]] = True
    return is_chosen_U


def assign_folds(units: Units, order_U: np.ndarray, num_folds: int) -> np.ndarray:
    """Return the fold of each unit, from 0: folds of like size, each stratum in proportion.

    The largest units are placed first, each into the fold that has fewest rows of its stratum, then
    fewest rows in all; within one size the order decides.
    """
    fold_U = np.empty(len(order_U), np.int64)
    num_strata = int(units.stratum_U.max(initial=0)) + 1
    rows_SF = np.zeros((num_strata, num_folds), np.int64)
    rows_F = np.zeros(num_folds, np.int64)
    for unit in order_U[np.argsort(-units.size_U[order_U], kind="stable")].tolist():
        stratum, size = units.stratum_U[unit], units.size_U[unit]
        fold = int(np.lexsort((rows_F, rows_SF[stratum]))[0])
        rows_SF[stratum, fold] += size
        rows_F[fold] += size
        fold_U[unit] = fold
    return fold_U


def _find_first(unit_M: np.ndarray, content_M: np.ndarray, size_U: np.ndarray) -> np.ndarray:
    """Return the row with the lowest content hash in each unit; the earliest of equal ones."""
    first_U = np.empty(len(size_U), np.int64)
    first_U[unit_M] = np.arange(len(unit_M))
    rows = np.flatnonzero(size_U[unit_M] > 1)
    order = rows[np.lexsort((content_M[rows], unit_M[rows]))]
    starts = np.flatnonzero(np.diff(unit_M[order], prepend=-1))
    first_U[unit_M[order[starts]]] = order[starts]
    return first_U


def _items(reading_M: np.ndarray, content_M: np.ndarray) -> np.ndarray:
    """Return the first row with each row's prompt, or with its content where the prompt is constant."""
    first_M = find_first(reading_M)
    limit = max(_CONSTANT_ROWS, int(CONSTANT_SHARE * len(reading_M)))
    rows = np.flatnonzero(np.bincount(first_M)[first_M] > limit)
    first_M[rows] = rows[find_first(content_M[rows])]
    return first_M


def _join(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Number the sets of rows that equal values in any column connect; negative values connect nothing."""
    num_rows, first = len(columns[0]), columns[0]
    if len(columns) == 1:
        return _in_row_order(first)
    # Imported when needed: loading scipy takes longer than most checks.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, values, offset = [], [], num_rows
    for column in columns:
        has_value = np.flatnonzero(column >= 0)
        rows.append(has_value)
        values.append(offset + column[has_value])
        offset += int(column.max(initial=-1)) + 1
    row, value = np.concatenate(rows), np.concatenate(values)
    graph = coo_array((np.ones(len(row), np.int8), (row, value)), shape=(offset, offset))
    _, component = connected_components(graph, directed=False)
    return _in_row_order(component[:num_rows])


def _in_row_order(value_M: np.ndarray) -> np.ndarray:
    """Number values, which are small numbers, by their first rows."""
    first_V = np.empty(int(value_M.max(initial=-1)) + 1, np.int64)
    first_V[value_M[::-1]] = np.arange(len(value_M))[::-1]  # of equal values the last one written stays
    is_first_M = np.zeros(len(value_M), bool)
    is_first_M[first_V[value_M]] = True
    return (np.cumsum(is_first_M) - 1)[first_V[value_M]]


def _most_frequent(unit_M: np.ndarray, answer_M: np.ndarray, answers: Sequence[str]) -> np.ndarray:
    """Return the most frequent answer of each unit; among equals the first in the alphabet."""
    rank = np.empty(len(answers), np.int64)
    rank[np.array(sorted(range(len(answers)), key=answers.__getitem__), np.int64)] = np.arange(len(answers))
    # In the order of units, then of the alphabet; numbers sort many times faster than pairs.
    pairs, counts = np.unique(unit_M * len(answers) + rank[answer_M], return_counts=True)
    unit_P, rank_P = np.divmod(pairs, len(answers))
    best = np.lexsort((rank_P, -counts, unit_P))
    _, first = np.unique(unit_P[best], return_index=True)
    return rank_P[best[first]]


def _share_out(num_rows: int, size_S: np.ndarray) -> np.ndarray:
    """Return how many rows each stratum gives: its share by largest remainder, at most half of it."""
    exact_S = num_rows * size_S / max(int(size_S.sum()), 1)
    room_S = exact_S.astype(int)
    by_remainder_S = np.argsort(room_S - exact_S, kind="stable")
    room_S[by_remainder_S[: num_rows - int(room_S.sum())]] += 1
    return np.minimum(room_S, size_S // 2) if np.count_nonzero(size_S) > 1 else room_S


def _take(units: Units, order_U: np.ndarray, is_chosen_U: np.ndarray, room_S: np.ndarray) -> None:
    """Choose, in place, every unit that fits into the room of its stratum."""
    for unit in order_U.tolist():
        size, stratum = units.size_U[unit], units.stratum_U[unit]
        if size <= room_S[stratum]:
            room_S[stratum] -= size
            is_chosen_U[unit] = True
            if not room_S.any():
                return


def _fill(
    units: Units, order_U: np.ndarray, is_chosen_U: np.ndarray, num_rows: int, size_S: np.ndarray
) -> None:
    """Choose, in place, further units that fit whatever their stratum, as long as each keeps a row."""
    room = num_rows - int(units.size_U[is_chosen_U].sum())
    taken = np.bincount(
        units.stratum_U[is_chosen_U], weights=units.size_U[is_chosen_U], minlength=len(size_S)
    )
    left_S = size_S - taken.astype(int)
    for unit in order_U.tolist() if room else ():
        size, stratum = units.size_U[unit], units.stratum_U[unit]
        if not is_chosen_U[unit] and size <= room and size < left_S[stratum]:
            room -= int(size)
            left_S[stratum] -= size
            is_chosen_U[unit] = True
            if not room:
                return
