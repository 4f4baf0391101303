"""Texts in CSV files that somebody opens in a spreadsheet: none may run as a formula, and each comes back."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"


def safe_cell(value: Any) -> Any:
    """Return a cell that a spreadsheet shows and does not run: such a text gets a leading apostrophe.

    Numbers are left alone. A text that looks as if it were marked already is marked again, so that
    `plain_cell` gives every text back.
    """
    return f"{MARK}{value}" if isinstance(value, str) and _needs_mark(value.lstrip(MARK)) else value


def plain_cell(value: Any) -> Any:
    """Return what `safe_cell` was given; only for tables that it wrote."""
    is_marked = isinstance(value, str) and value.startswith(MARK) and _needs_mark(value.lstrip(MARK))
    return value[1:] if is_marked else value


def _needs_mark(text: str) -> bool:
    return text.startswith(FORMULA_STARTS) and not (text[0] in "+-" and _is_number(text))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
