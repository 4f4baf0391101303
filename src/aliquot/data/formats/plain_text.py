"""Plain texts, for continued pretraining: ``{"text": …}`` as JSON Lines, or ``.txt`` and ``.md`` files.

A row is a document. A file of text is one document where it is one of many files; alone it is cut into blocks
of whole paragraphs, so that some can be held out.
"""

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
AIMED_DOCUMENTS = 300
MIN_CHARS, MAX_CHARS = 1_000, 4_000
"""Of a block of paragraphs: a screen of text, and about as much as a window of 1,024 tokens holds."""
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
    """Recognise a file named ``.txt`` that does not begin like JSON, ``.md``, or lines with ``text``."""
    name = split_suffix(sample.filename.lower())[0]
    if name.endswith(".txt") and sample.lines and sample.lines[0].lstrip()[:1] in (b"{", b"[", b"<"):
        return _LINES.detect(sample)
    if name.endswith((".txt", ".md")) and sample.lines:
        return Detection(f"A {name[name.rindex('.') :]} file is read as text.")
    return _LINES.detect(sample)


def read(source: Source) -> Iterator[Row | Problem]:
    """Yield the documents of a text file, or the rows of JSON Lines."""
    yield from _LINES.read(source) if _holds_objects(source.sample()) else _read_documents(source)


def _holds_objects(sample: Sample) -> bool:
    """Whether a file is JSON Lines; a text may begin with a brace as well, as TeX and templates do."""
    if not (sample.lines and sample.lines[0].lstrip().startswith(b"{")):
        return False
    is_named_text = split_suffix(sample.filename.lower())[0].endswith((".txt", ".md"))
    return not is_named_text or _LINES.detect(sample) is not None


def _read_documents(source: Source) -> Iterator[Row | Problem]:
    """Yield the file as one document, or as blocks of whole paragraphs."""
    lines: list[str] = []
    for item in source.lines():
        if isinstance(item, Broken):
            yield describe_broken(item, len(lines))
            return
        try:
            lines.append(item.data.decode("utf-8"))
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            message = f"A byte is not valid UTF-8 (0x{byte:02X}); the file may be Latin-1."
            remedy = "Save the file as UTF-8."
            yield Problem(code="invalid_utf8", message=message, line=item.number, remedy=remedy)
            return
    for line, text in [(1, "\n".join(lines))] if source.is_one_document else cut_documents(lines):
        if len(text) > MAX_LINE_BYTES:
            message = f"The document is longer than {MAX_LINE_BYTES / 1e6:.0f} MB, the limit per row."
            remedy = "Cut it into parts, by blank lines in one file."
            yield Problem(code="line_too_long", message=message, line=line, remedy=remedy)
            return
        yield Row(line, {"messages": [_as_message(text)]}, _NAMES, {})


def cut_documents(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield blocks of whole paragraphs, each with the number of its first line (from 1).

    A block ends at the first blank line at which it is long enough; what is left at the end joins the last
    block where it is short. Long enough is a 300th of the text, but at least 1,000 and at most 4,000
    characters: so that there are blocks to hold out, and no more are made of a long text than windows.
    """
    least = min(max(sum(map(len, lines)) // AIMED_DOCUMENTS, MIN_CHARS), MAX_CHARS)
    blocks: list[tuple[int, list[str]]] = []
    size = least
    for number, line in enumerate(lines, start=1):
        is_blank = not line.strip()
        if size >= least and not is_blank and (number == 1 or not lines[number - 2].strip()):
            blocks.append((number, []))
            size = 0
        if blocks:
            blocks[-1][1].append(line)
            size += len(line) + 1
    if len(blocks) > 1 and size < least:
        blocks[-2][1].extend(blocks.pop()[1])
    for number, block in blocks:
        yield number, "\n".join(block).rstrip()


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
