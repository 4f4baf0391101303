"""Plain texts: ``{"text": …}`` as JSON Lines, or one document as ``.txt``; checked and converted only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import TEXT_ROLE
from aliquot.core.dataset import Example
from aliquot.data.chat_keys import CHAT_KEYS, set_beside
from aliquot.data.columns import find_columns
from aliquot.data.format import Detection, Problem, Row, Shape
from aliquot.data.json_lines import as_text, describe_broken
from aliquot.data.packing import split_suffix
from aliquot.data.shapes import json_lines_format, list_keys
from aliquot.data.source import MAX_LINE_BYTES, Broken, Sample, Source
from aliquot.data.writing import extras, json_lines_writer

_KEY = "text"
_NAMES = {"messages[0].content": _KEY}
_USED = frozenset((_KEY,))
_OF_OTHERS = frozenset(("messages", "conversations", "chosen"))


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with ``text`` and without an answer."""
    count = sum(_KEY in value and _OF_OTHERS.isdisjoint(value) for value in objects)
    if count == 0 or settings.prompt or settings.answer or find_columns(list_keys(objects)):
        return None
    return Shape('"text" and no answer', count, _read_object)


def _read_object(line: int, value: dict[str, Any]) -> Iterator[Row | Problem]:
    if _KEY not in value:
        found = ", ".join(list(value)[:10]) or "none"
        message = f'"{_KEY}" is missing. Found keys: {found}.'
        yield Problem(code="missing_field", message=message, line=line, field=_KEY)
        return
    rest = {key: item for key, item in value.items() if key != _KEY}
    rest, notes = set_beside(line, rest, CHAT_KEYS)
    yield from notes
    yield Row(line, {**rest, "messages": [_as_message(as_text(value[_KEY]))]}, _NAMES, value, _USED)


def _as_message(text: object) -> dict[str, Any]:
    return {"role": TEXT_ROLE, "content": text}


def detect(sample: Sample) -> Detection | None:
    """Recognise a file named ``.txt`` that does not begin like JSON, or lines of objects with ``text``."""
    if split_suffix(sample.filename.lower())[0].endswith(".txt") and sample.lines:
        if sample.lines[0].lstrip()[:1] in (b"{", b"[", b"<"):
            return _LINES.detect(sample)
        return Detection("A .txt file is read as one document.")
    return _LINES.detect(sample)


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the document as one row, or the rows of JSON Lines."""
    sample = source.sample()
    if sample.lines and sample.lines[0].lstrip().startswith(b"{"):
        yield from _LINES.read(source)
    else:
        yield from _read_document(source)


def _read_document(source: Source) -> Iterator[Row | Problem]:
    texts, size = [], 0
    for item in source.lines():
        if isinstance(item, Broken):
            yield describe_broken(item, len(texts))
            return
        texts.append(item.data)
        size += len(item.data)
        if size > MAX_LINE_BYTES:
            message = f"The document is longer than {MAX_LINE_BYTES / 1e6:.0f} MB, the limit per row."
            yield Problem(code="line_too_long", message=message, line=1, remedy="Cut it into parts.")
            return
    try:
        text = b"\n".join(texts).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"A byte is not valid UTF-8 (0x{error.object[error.start]:02X}); the file may be Latin-1."
        line = error.object.count(b"\n", 0, error.start) + 1
        yield Problem(code="invalid_utf8", message=message, line=line, remedy="Save the file as UTF-8.")
        return
    yield Row(1, {"messages": [_as_message(text)]}, _NAMES, {})


def _explain(example: Example) -> str:
    return "" if example.messages[0].role == TEXT_ROLE else "it is a conversation, not a plain text"


def _as_object(example: Example) -> dict[str, Any]:
    return {_KEY: example.messages[0].content, **extras(example)}


_LINES = json_lines_format(
    "plain_text",
    "plain texts",
    find_shape,
    expected='Give every row "text".',
    is_flat=True,
    writer=json_lines_writer(_as_object, _explain),
)
FORMAT = replace(_LINES, detect=detect, read=read)
