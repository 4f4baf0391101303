"""Which fields the rows of a file have, of which kind, and in how many rows; called by ``check.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from aliquot.core.dataset import RowField
from aliquot.data.format import Number, Row

_NO_METADATA = frozenset({"messages", "split"})
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
    """Counts the fields of rows that pass by. Memory grows with the number of different fields only."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._kinds: dict[str, set[str]] = {}
        self._columns: set[str] = set()

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows unchanged, counting on the way."""
        for row in rows:
            if row.names:  # the conversation was made of columns
                self._columns.update(row.names.values())
                self._count(dict.fromkeys(row.names.values(), ""))
                self._count({key: value for key, value in row.value.items() if key != "messages"})
            else:
                self._count(row.value)
            yield row

    def finish(self) -> tuple[RowField, ...]:
        """Return every field, in the order in which they were first met."""
        inside = _NO_METADATA | self._columns
        return tuple(
            RowField(
                name=name,
                kind=_name_kinds(self._kinds[name]),
                num_rows=number,
                is_metadata=name not in inside,
            )
            for name, number in self._counts.items()
        )

    def _count(self, fields: dict[str, Any], prefix: str = "") -> None:
        for key, value in fields.items():
            if value is None:
                continue
            name = prefix + key
            if isinstance(value, dict) and name == "metadata":
                self._count(value, "metadata.")
                continue
            self._counts[name] = self._counts.get(name, 0) + 1
            self._kinds.setdefault(name, set()).add(_KINDS.get(type(value), "text"))


def _name_kinds(kinds: set[str]) -> str:
    if kinds == {"whole number", "number"}:
        return "number"
    return next(iter(kinds)) if len(kinds) == 1 else "mixed"
