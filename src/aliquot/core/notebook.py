"""Records as tables in a notebook: Jupyter shows whatever ``_repr_html_`` returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

MAX_ROWS = 200
"""Rows of a table that are shown; a page with more helps nobody."""


class ShownInNotebook:
    """Gives a record the look of a table in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return as_html(self)


def as_html(record: Any) -> str:
    """Return a record as HTML: its plain fields in one table, each list of records in a table of its own.

    Fields that hold nothing are left out.
    """
    names = [field.name for field in fields(record)]
    plain = [(name, _cell(getattr(record, name))) for name in names if _has_text(getattr(record, name))]
    tables = [_table((), [(f"<b>{escape(name)}</b>", text) for name, text in plain])] if plain else []
    for name in names:
        value = getattr(record, name)
        if _is_records(value):
            tables.append(f"<h4>{escape(name)}</h4>{_of_records(value)}")
        elif is_dataclass(value) and (shown := as_html(value)):
            tables.append(f"<h4>{escape(name)}</h4>{shown}")
    return "".join(tables)


def _of_records(records: Sequence[Any]) -> str:
    names = [field.name for field in fields(records[0])]
    kept = [name for name in names if any(_has_text(getattr(record, name)) for record in records)]
    rows = [[_cell(getattr(record, name)) for name in kept] for record in records[:MAX_ROWS]]
    more = f"<p>… and {len(records) - MAX_ROWS} more</p>" if len(records) > MAX_ROWS else ""
    return _table([escape(name) for name in kept], rows) + more


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in headings)}</tr>" if headings else ""
    cells = ("".join(f'<td style="text-align:left">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table>{head}{body}</table>"


def _cell(value: Any) -> str:
    """Return a value as the text of a cell; a nested metric or interval shows what identifies it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if hasattr(value, "low") and hasattr(value, "high"):
        return f"[{value.low:.4g}, {value.high:.4g}]"
    if hasattr(value, "metric") and hasattr(value, "value"):
        number = "–" if value.value is None else f"{value.value:.4g}"
        return " ".join(filter(None, (escape(value.metric), number, _cell(value.interval))))
    if isinstance(value, dict):
        return escape(", ".join(f"{key}: {item}" for key, item in value.items()))
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    return "" if value is None else escape(str(value))


def _has_text(value: Any) -> bool:
    return not _is_nested(value) and _cell(value) != ""


def _is_nested(value: Any) -> bool:
    return _is_records(value) or (
        is_dataclass(value) and not hasattr(value, "metric") and not hasattr(value, "low")
    )


def _is_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and is_dataclass(value[0])
