"""Which columns of files of answers hold what, as a person named them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aliquot.errors import InputError

BY_NAME = "-"
"""Stands for a column that is found by its name, where another file's has to be named."""
COLUMN_FLAGS = {
    "--id-column": "example_id",
    "--prompt-column": "prompt",
    "--answer-column": "answer",
    "--ids-from": "ids_from",
}
"""Flags and the fields of ``Columns`` that they fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns of one file as the person named them; None where they are found by their names.

    Attributes:
        ids_from: 0 or 1: ids are the numbers of the test rows, counted from there; None lets them tell it.
    """

    example_id: str | None = None
    prompt: str | None = None
    answer: str | None = None
    ids_from: int | None = None


def columns_of_files(given: Mapping[str, Sequence[str]], num_files: int) -> list[Columns]:
    """Return the columns of each file, from flags that were given once for all or once for each.

    Args:
        given: Values by field of ``Columns``, as they were typed; ``-`` lets a column be found by its name.
        num_files: Files of answers.

    Raises:
        InputError: A flag was given some other number of times, or row numbers do not begin at 0 or 1.
    """
    flags = {name: flag for flag, name in COLUMN_FLAGS.items()}
    for name, values in given.items():
        if len(values) not in (0, 1, num_files):
            raise InputError(
                f"{flags[name]} is given {len(values)} times for {num_files} files of answers.",
                code="columns_invalid",
                location=flags[name],
                hint=f"Give it once for all files, or once for each in their order; {BY_NAME} stands for a "
                "column that is found by its name.",
            )
        if name == "ids_from" and set(values) - {"0", "1", BY_NAME}:
            raise InputError(
                f"Found {', '.join(values)}, expected 0 or 1.",
                code="columns_invalid",
                location=flags[name],
                hint="Say which number the first test row has among the ids.",
            )
    return [
        Columns(
            **{name: _column(name, values[place % len(values)]) for name, values in given.items() if values}
        )
        for place in range(num_files)
    ]


def _column(name: str, value: str) -> Any:
    if value == BY_NAME:
        return None
    return int(value) if name == "ids_from" else value


def spread_columns(columns: Columns | Sequence[Columns], num_files: int) -> list[Columns]:
    """Return the columns of each file; one stands for all.

    Raises:
        InputError: There are fewer or more than files.
    """
    by_file = [columns] * num_files if isinstance(columns, Columns) else list(columns)
    if len(by_file) == num_files:
        return by_file
    raise InputError(
        f"There are {num_files} files of answers and columns for {len(by_file)}.",
        code="columns_invalid",
        location="columns",
        hint="Give one for all files, or one for each in their order.",
    )
