"""CSV tables that Aliquot wrote itself: their cells come back without the marks that spreadsheets need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from aliquot.core.spreadsheet_cell import plain_cell
from aliquot.data.format import Problem
from aliquot.data.tables import Record

ANSWERED = frozenset(("line", "answer", "status", "error", "num_prompt_tokens", "num_output_tokens"))
"""Columns of a table by `aliquot predict --prompts`, among others."""
PROMPTS = frozenset(("example_id", "prompt"))
"""All columns of a table by `aliquot data prompts`."""

Item = TypeVar("Item", bound=Record | Problem)


def unmark(path: Path, records: Sequence[Item]) -> list[Item]:
    """Return the records of a file, to the letter if it is one of these tables, else as they are."""
    names = {name for item in records if not isinstance(item, Problem) for name in item[1]}
    is_ours = path.suffix.lower() == ".csv" and (names >= ANSWERED or names == PROMPTS)
    return [_unmark(item) for item in records] if is_ours else list(records)


def _unmark(item: Any) -> Any:
    if isinstance(item, Problem):
        return item
    line, record = item
    return line, {name: plain_cell(value) for name, value in record.items()}
