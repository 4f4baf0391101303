"""JSON Lines with a prompt and an answer: ``{"prompt": …, "completion": …}`` and the other known pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Example
from aliquot.data.columns import find_columns, list_pairs, row_reader
from aliquot.data.format import Shape
from aliquot.data.shapes import json_lines_format, list_keys
from aliquot.data.writing import as_pair, explain_pair, extras, json_lines_writer

_OF_OTHERS = frozenset(("messages", "conversations", "chosen", "preferred_output", "preferred_completion"))


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with a known pair of keys, or with the columns that were set."""
    is_set = bool(settings.prompt or settings.answer)
    own = [value for value in objects if is_set or _OF_OTHERS.isdisjoint(value)]
    if not own:
        return None
    columns = find_columns(list_keys(own), settings)
    if columns is None or (not is_set and columns.is_alpaca):
        return None
    count = sum(all(key in value for key in columns.needed) for value in own)
    return Shape(columns.describe(), count, row_reader(columns), has_columns=True)


def _as_object(example: Example) -> dict[str, Any]:
    system, prompt, answer = as_pair(example)
    return {"system": system, "prompt": prompt, "completion": answer, **extras(example)}


FORMAT = json_lines_format(
    "prompt_completion",
    "prompt and answer, JSON Lines",
    find_shape,
    expected=f"Name the keys as one of these pairs: {list_pairs()}; or set data.prompt and data.answer.",
    is_flat=True,
    writer=json_lines_writer(_as_object, explain_pair),
)
