"""JSON Lines with a prompt and an answer: ``{"prompt": …, "completion": …}`` and the other known pairs."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.data.columns import Columns, find_columns, list_pairs, read_row
from aliquot.data.format import Detection, Format, Problem, Row
from aliquot.data.json_lines import list_objects, read_objects
from aliquot.data.source import Sample, Source
from aliquot.errors import InputError


def detect(sample: Sample) -> Detection | None:
    """Recognise lines most of which are objects with a known pair of keys and without ``messages``."""
    columns = _find_columns(sample)
    objects = [value for value in list_objects(sample) if "messages" not in value]
    num_pairs = sum(find_columns(list(value)) is not None for value in objects)
    if columns is None or 2 * num_pairs <= len(sample.lines):
        return None
    return Detection(
        f"{num_pairs} of the first {len(sample.lines)} lines are objects with {columns.describe()}."
    )


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows as conversations of one turn.

    Raises:
        InputError: No known pair of keys stands in the first lines (``missing_columns``).
    """
    columns = _find_columns(source.sample())
    if columns is None:
        raise InputError(
            "The first lines have no known pair of prompt and answer.",
            code="missing_columns",
            location=str(source.path),
            hint=f"Name the keys as one of these pairs: {list_pairs()}.",
        )
    names = columns.names()
    for item in read_objects(source):
        if isinstance(item, Problem):
            yield item
        else:
            yield from read_row(*item, columns, names)


def _find_columns(sample: Sample) -> Columns | None:
    """Return the columns that the first lines have, all taken together: a context may come later."""
    objects = [value for value in list_objects(sample) if "messages" not in value]
    return find_columns(list(dict.fromkeys(key for value in objects for key in value)))


FORMAT = Format(name="prompt_completion", title="prompt and answer, JSON Lines", detect=detect, read=read)
