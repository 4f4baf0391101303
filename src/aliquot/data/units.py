"""Rows that must not be parted by a split: the same prompt, the same content, the same group.

A unit's key depends on its rows' contents alone, so that a split does not depend on the order of rows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from aliquot.core.dataset import Example
from aliquot.data.keys import normalised_prompt

CONSTANT_SHARE = 0.1
"""A prompt of more than this share of all rows is a standing instruction, not an item of its own."""
_CONSTANT_ROWS = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that stay together.

    Attributes:
        members: Indexes of the rows.
        key: The lowest content hash among them.
        stratum: The most frequent reference where the split is stratified, else empty.
    """

    members: tuple[int, ...]
    key: str
    stratum: str

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.members)


def build_units(examples: Sequence[Example], *, is_stratified: bool) -> list[Unit]:
    """Return the units of these rows; every row is in exactly one."""
    prompts = [normalised_prompt(example) for example in examples]
    counts = Counter(prompts)
    limit = max(_CONSTANT_ROWS, int(CONSTANT_SHARE * len(examples)))
    parts = _Parts(len(examples))
    for index, (example, prompt) in enumerate(zip(examples, prompts, strict=True)):
        parts.tie(index, example.content_hash if counts[prompt] > limit else prompt)
        if example.group is not None:
            parts.tie(index, ("group", example.group))
    return [_build_unit(members, examples, is_stratified) for members in parts.members()]


def choose_units(units: Iterable[Unit], num_rows: int, salt: str) -> list[Unit]:
    """Choose units with about ``num_rows`` rows in all, never more; each stratum gives its share.

    Units are taken in the order of a salted hash. The last row of a stratum is never taken, and when
    every unit is larger than wanted, the smallest is taken if it leaves at least half of the rows.
    """
    ordered = sorted(units, key=lambda unit: hashlib.sha256(f"{salt}:{unit.key}".encode()).digest())
    sizes: Counter[str] = Counter()
    for unit in ordered:
        sizes[unit.stratum] += unit.size
    room = _share_out(num_rows, sizes)
    chosen = []
    for unit in ordered:
        if unit.size <= room[unit.stratum]:
            room[unit.stratum] -= unit.size
            chosen.append(unit)
    chosen += _fill(ordered, chosen, num_rows, sizes)
    if not chosen and num_rows > 0 and ordered:
        smallest = min(ordered, key=lambda unit: unit.size)
        chosen = [smallest] if 2 * smallest.size <= sizes.total() else []
    return chosen


def _fill(ordered: list[Unit], chosen: list[Unit], num_rows: int, sizes: Counter[str]) -> list[Unit]:
    """Return further units that fit, whatever their stratum, as long as each stratum keeps a row."""
    room = num_rows - sum(unit.size for unit in chosen)
    taken = {unit.key for unit in chosen}
    left = Counter(sizes)
    for unit in chosen:
        left[unit.stratum] -= unit.size
    more = []
    for unit in ordered:
        if unit.key not in taken and unit.size <= room and unit.size < left[unit.stratum]:
            room -= unit.size
            left[unit.stratum] -= unit.size
            more.append(unit)
    return more


def _share_out(num_rows: int, sizes: Counter[str]) -> dict[str, int]:
    """Return how many rows each stratum gives: its share by largest remainder, at most half of it."""
    total = max(sizes.total(), 1)
    exact = {stratum: num_rows * size / total for stratum, size in sizes.items()}
    room = {stratum: int(share) for stratum, share in exact.items()}
    by_remainder = sorted(exact, key=lambda stratum: (room[stratum] - exact[stratum], stratum))
    for stratum in by_remainder[: num_rows - sum(room.values())]:
        room[stratum] += 1
    return {
        stratum: min(rows, sizes[stratum] // 2) if len(sizes) > 1 else rows for stratum, rows in room.items()
    }


def _build_unit(members: list[int], examples: Sequence[Example], is_stratified: bool) -> Unit:
    if len(members) == 1:
        only = examples[members[0]]
        return Unit((members[0],), only.content_hash, only.reference if is_stratified else "")
    key = min(examples[index].content_hash for index in members)
    stratum = ""
    if is_stratified:
        counts = Counter(examples[index].reference for index in members)
        stratum = min(counts, key=lambda reference: (-counts[reference], reference))
    return Unit(tuple(members), key, stratum)


class _Parts:
    """Disjoint sets of row indexes, joined whenever two rows share a key (union-find)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._owner: dict[Hashable, int] = {}

    def tie(self, index: int, key: Hashable) -> None:
        """Put a row together with all rows that have the same key."""
        other = self._find(self._owner.setdefault(key, index))
        self._parent[self._find(index)] = other

    def members(self) -> list[list[int]]:
        """Return the sets."""
        sets: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parent)):
            sets[self._find(index)].append(index)
        return list(sets.values())

    def _find(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]  # halve the path: near-constant time
            index = self._parent[index]
        return index
