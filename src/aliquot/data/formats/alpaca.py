"""Alpaca rows: ``{"instruction": …, "input": …, "output": …}``; the input, where there is one, follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Example
from aliquot.data.columns import find_columns, row_reader
from aliquot.data.format import Shape
from aliquot.data.shapes import json_lines_format, list_keys
from aliquot.data.writing import as_pair, explain_pair, extras, json_lines_writer


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with ``instruction`` and ``output``."""
    columns = None if settings.prompt or settings.answer else find_columns(list_keys(objects), settings)
    if columns is None or not columns.is_alpaca:
        return None
    count = sum(all(key in value for key in columns.needed) for value in objects if "messages" not in value)
    return Shape(columns.describe(), count, row_reader(columns), has_columns=True)


def _as_object(example: Example) -> dict[str, Any]:
    system, prompt, answer = as_pair(example)
    value = {"instruction": prompt, "input": "", "output": answer, "system": system}
    return {**value, **extras(example)}


FORMAT = json_lines_format(
    "alpaca",
    "Alpaca, JSON Lines",
    find_shape,
    expected='Give every row "instruction" and "output".',
    is_flat=True,
    writer=json_lines_writer(_as_object, explain_pair),
)
