"""JSON Lines: every line one JSON object, strictly. Used by the formats that are JSON Lines.

msgspec reads the good lines. A line that it refuses, or that may hold a key twice, is read again slowly
to say exactly what is wrong and where.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np

from aliquot.data.format import Number, Problem
from aliquot.data.json_faults import MAX_DEPTH, REMEDY, diagnose, find_fault
from aliquot.data.source import MAX_LINE_BYTES, Block, Broken, Line, Sample, Source, split_block

_HIDDEN_COLONS = (rb"\u003a", rb"\u003A")
_MAX_BRACKETS = 2 * MAX_DEPTH
"""So many brackets on a line cannot nest deeper than allowed."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}\n"))


class _Passing(Protocol):
    @property
    def last_line(self) -> int: ...


Passed = TypeVar("Passed", bound=_Passing)


def read_objects(source: Source) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    """Yield each record with its line number, or the problem that stands for it; blank lines as a note."""
    return read_blocks(source.blocks())


def read_blocks(
    blocks: Iterable[Block | Broken | Passed],
) -> Iterator[tuple[int, dict[str, Any]] | Problem | Passed]:
    """Yield what ``read_objects`` does; pieces that are read already pass by."""
    num_lines = 0
    for block in blocks:
        if isinstance(block, Broken):
            yield describe_broken(block, num_lines)
            num_lines = block.number or num_lines
            continue
        if isinstance(block, Block):
            yield from _read_block(block)
        else:
            yield block
        num_lines = block.last_line


def _read_block(block: Block) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    values = _decode_block(block.data)
    if values is not None:
        yield from enumerate(values, start=block.number)
        return
    for item in split_block(block):
        if isinstance(item, Broken):
            yield describe_broken(item, item.number)
        elif not item.data.strip():
            yield blank_line(item.number)
        else:
            value = decode_object(item)
            yield value if isinstance(value, Problem) else (item.number, value)


def _decode_block(data: bytes) -> list[dict[str, Any]] | None:
    """Return the objects of a block, one a line, or None when a line wants to be looked at by itself."""
    if not is_object_a_line(data):
        return None
    try:
        values = _DECODER.decode_lines(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return values if len(values) == _count_lines(data) and _is_whole(values, data) else None


def is_object_a_line(data: bytes) -> bool:
    """Return whether a block, if it is as many values as lines, is one object a line.

    It is if every line begins and ends with a brace: two lines cannot be one object then, because a brace
    never follows a closing brace.
    """
    if not (data.startswith(b"{") and data.endswith((b"}\n", b"}")) and len(data) <= MAX_LINE_BYTES):
        return False
    chars = np.frombuffer(data, np.uint8)
    inner = np.flatnonzero(chars[:-1] == ord("\n"))  # of all but the last line
    return bool((chars[inner - 1] == ord("}")).all() and (chars[inner + 1] == ord("{")).all())


def _count_lines(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n"))


def decode_object(line: Line) -> dict[str, Any] | Problem:
    """Return the object on a line, or what is wrong with it."""
    try:
        value = _DECODER.decode(line.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return diagnose(line, error)
    if not isinstance(value, dict):
        kind = name_json_type(value)
        message = f"The line is {kind}; expected an object: {{...}}."
        return Problem(code="not_an_object", message=message, line=line.number, remedy=REMEDY, kind=kind)
    return value if _is_whole(value, line.data) else find_fault(line) or value


def _is_whole(value: object, data: bytes) -> bool:
    """Return whether it is proven that no key was swallowed by an equal one and no line nests too deep.

    A colon stands after every key. Texts add the same to both counts, unless they hide one in an escape;
    a swallowed key and its value only take away from the second.
    """
    if hides_colon(data):
        return False
    if max(map(len, data.translate(None, _NO_BRACKETS).split(b"\n"))) > _MAX_BRACKETS:
        return False
    return count_colons(data) == count_colons(_ENCODER.encode(value))


def count_colons(data: bytes) -> int:
    """Return how many colons a text holds."""
    # Where there are many, several times as fast as bytes.count.
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord(":")))


def hides_colon(data: bytes) -> bool:
    """Return whether a text may hold a colon as an escape."""
    return _HIDDEN_COLONS[0][:-1] in data and any(escape in data for escape in _HIDDEN_COLONS)


def list_objects(sample: Sample) -> list[dict[str, Any]]:
    """Return the objects among the first lines; lines that are none are left to ``read_objects``."""
    values = (decode_object(Line(0, data)) for data in sample.lines)
    return [value for value in values if isinstance(value, dict)]


def blank_line(number: int) -> Problem:
    """Return the note that a line is blank."""
    return Problem(code="blank_lines", severity="note", line=number, message="Blank lines were passed over.")


def describe_broken(item: Broken, num_lines: int) -> Problem:
    """Return the problem for a place where no lines could be delivered."""
    message = item.message if item.number else f"{item.message} It gave {num_lines:,} lines."
    return Problem(code=item.code, message=message, line=item.number, remedy=item.remedy)


def name_json_type(value: object) -> str:
    """Return what JSON calls a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Number)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def as_json(value: object) -> str:
    """Return a decoded value as JSON, its numbers as they were written."""
    return _ENCODER.encode(value).decode()


def as_text(value: object) -> object:
    """Return a number, true or false as the text it was written as; other values unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.literal
    return str(value) if isinstance(value, int) else value


def _encode_number(value: object) -> msgspec.Raw:
    if isinstance(value, Number):
        return msgspec.Raw(value.literal.encode())
    raise TypeError(type(value).__name__)


def _read_float(text: str) -> Number:
    if not math.isfinite(float(text)):
        raise ValueError("number too large")
    return Number(text)


_DECODER = msgspec.json.Decoder(float_hook=_read_float)
_ENCODER = msgspec.json.Encoder(enc_hook=_encode_number)
