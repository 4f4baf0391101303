"""Chat lines as OpenAI, OpenPipe and Mistral have them: ``{"messages": [{"role", "content"}, …]}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.data.format import PlainRows, Problem, Row, Shape
from aliquot.data.json_lines import read_blocks, read_objects
from aliquot.data.second_reader import part_large
from aliquot.data.shapes import json_lines_format, note_unused
from aliquot.data.source import Source
from aliquot.data.writing import as_chat, explain_chat, json_lines_writer


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with ``messages``."""
    count = sum("messages" in value for value in objects)
    if count == 0 or settings.prompt or settings.answer:
        return None
    return Shape('"messages"', count, _read_object)


def _read_object(line: int, value: dict[str, Any]) -> Iterator[Row | Problem]:
    yield Row(line, value)


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the rows as they are: this is the shape that validation expects."""
    yield from note_unused(None, source.settings)
    for item in read_objects(source):
        yield item if isinstance(item, Problem) else Row(*item)


def read_many(source: Source) -> Iterator[Row | Problem | PlainRows]:
    """Yield the same, with plain rows many at a time."""
    yield from note_unused(None, source.settings)
    for item in read_blocks(part_large(source)):
        yield Row(*item) if isinstance(item, tuple) else item


FORMAT = replace(
    json_lines_format(
        "chat_jsonl",
        "chat messages, JSON Lines",
        find_shape,
        expected='Give every row "messages".',
        mark=b'"messages"',
        writer=json_lines_writer(as_chat, explain_chat, (".jsonl",)),
    ),
    read=read,
    read_many=read_many,
)
