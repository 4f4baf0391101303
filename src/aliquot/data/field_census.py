"""Which fields the rows of a file have, of which kind, and in how many rows; called by ``check.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aliquot.core.dataset import RowField
from aliquot.data.format import CONVERSATION_KEYS, Number, PlainRows, Row

Shape = tuple[tuple[str, type], ...]
MAX_SHAPES = 10_000
"""Different shapes of rows held before they are counted into fields: bounds memory on odd files."""

_UNMARKED: Shape = (("messages", list),)
_MARKED: Shape = (*_UNMARKED, ("split", str))
"""The shapes of plain chat lines; which key comes first does not show in the end."""

_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Number: "number",
    list: "list",
    dict: "object",
}


class FieldCensus:
    """Counts the fields of rows that pass by, as the file has them.

    Rows of a file share a few shapes (names with types), so shapes are counted, which costs a
    microsecond a row, and fields only at the end.

    Args:
        split_key: The field that holds the split, ``split`` when None.
    """

    def __init__(self, split_key: str | None = None) -> None:
        self._split_key = split_key or "split"
        self._shapes: Counter[tuple[Shape, Shape]] = Counter()
        self._counts: Counter[str] = Counter()
        self._kinds: dict[str, set[str]] = {}
        self._used: set[str] = set()

    def watch(self, rows: Iterable[Row | PlainRows]) -> Iterator[Row | PlainRows]:
        """Yield the rows unchanged, counting on the way."""
        used: frozenset[str] = frozenset()
        for row in rows:
            if isinstance(row, PlainRows):
                self._count_plain(row)
                yield row
                continue
            if row.used is not used:  # most formats have one set for all rows
                used = row.used
                self._used |= used
            own = row.value if row.own is None else row.own
            inner = own.get("metadata")
            self._shapes[_shape(own), _shape(inner) if type(inner) is dict else ()] += 1
            if len(self._shapes) > MAX_SHAPES:
                self._fold()
            yield row

    def _count_plain(self, rows: PlainRows) -> None:
        self._used |= CONVERSATION_KEYS
        num_unmarked = rows.splits.count("")
        for shape, number in ((_UNMARKED, num_unmarked), (_MARKED, len(rows) - num_unmarked)):
            if number:
                self._shapes[shape, ()] += number

    def finish(self) -> tuple[RowField, ...]:
        """Return every field: those of the conversation first, others in the order they were met."""
        self._fold()
        ordered = sorted(self._counts.items(), key=lambda item: item[0] not in self._used)
        return tuple(
            RowField(
                name=name,
                kind=_name_kinds(self._kinds[name]),
                num_rows=number,
                is_metadata=name not in self._used and name != self._split_key,
            )
            for name, number in ordered
        )

    def _fold(self) -> None:
        """Turn shapes into fields."""
        for (outer, inner), number in self._shapes.items():
            for name, kind in outer:
                if (name, kind) != ("metadata", dict):  # what stands in it is named apart
                    self._count(name, kind, number)
            for name, kind in inner:
                self._count(f"metadata.{name}", kind, number)
        self._shapes.clear()

    def _count(self, name: str, kind: type, number: int) -> None:
        if kind is not type(None):
            self._counts[name] += number
            self._kinds.setdefault(name, set()).add(_KINDS.get(kind, "text"))


def _shape(value: Mapping[str, Any]) -> Shape:
    return tuple(zip(value, map(type, value.values()), strict=True))


def _name_kinds(kinds: set[str]) -> str:
    if kinds == {"whole number", "number"}:
        return "number"
    return next(iter(kinds)) if len(kinds) == 1 else "mixed"
