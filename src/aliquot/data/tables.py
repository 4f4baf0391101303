"""Records of a table or of an array, read as rows by their fields; used by the formats that hold objects."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aliquot.data.columns import list_pairs
from aliquot.data.format import Problem, Row
from aliquot.data.shapes import find_any_shape, list_keys, note_unused
from aliquot.data.source import Source
from aliquot.errors import InputError

NUM_FIRST = 20
"""Records that tell what all are."""
Record = tuple[int, dict[str, Any]]


def read_records(
    records: Iterable[Record | Problem], source: Source, *, only_flat: bool = False
) -> Iterator[Row | Problem]:
    """Yield the rows of some records.

    Raises:
        InputError: The first records have no known fields (``missing_columns``), or those of two shapes.
    """
    remaining = iter(records)
    first = list(itertools.islice(remaining, NUM_FIRST))
    objects = [item[1] for item in first if not isinstance(item, Problem)]
    shape = find_any_shape(objects, source.settings, source.name, only_flat=only_flat)
    yield from note_unused(shape, source.settings)
    for item in itertools.chain(first, remaining):
        if isinstance(item, Problem):
            yield item
        elif shape is None:
            raise explain_no_columns(list_keys(objects), source.name)
        else:
            yield from shape.read(*item)


def require_unique(columns: Sequence[str], location: str) -> None:
    """Raise for a column that appears twice.

    Raises:
        InputError: Code ``duplicate_column``.
    """
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f'The column "{twice}" appears twice.',
            code="duplicate_column",
            location=location,
            hint="Rename or remove one of the two.",
        )


def explain_no_columns(columns: Sequence[str], location: str) -> InputError:
    """Return the error that no known columns are among those there are."""
    return InputError(
        f"Found the columns {', '.join(columns[:20]) or 'none'}: no known pair of prompt and answer.",
        code="missing_columns",
        location=location,
        hint=f"Set data.prompt and data.answer, or name two columns as one of these pairs: {list_pairs()}.",
    )
