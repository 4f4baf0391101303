"""JSON Lines: every line one JSON object, strictly. Used by the formats that are JSON Lines.

msgspec reads the good lines. A line that it refuses, or that may hold a key twice, is read again slowly
to say exactly what is wrong and where.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from aliquot.data.format import Number, Problem
from aliquot.data.source import Broken, Line, Sample, Source

MAX_DEPTH = 32
"""Deepest nesting accepted; chat rows need four."""
MAX_DIGITS = 4_300
"""Longest integer that Python converts from text without being asked twice."""

_KEY_END = re.compile(rb'"\s*:')
_REMEDY = "Write one JSON object per line."


def read_objects(source: Source) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    """Yield each record with its line number, or the problem that stands for it; blank lines as a note."""
    for num_lines, item in enumerate(source.lines()):
        if isinstance(item, Broken):
            yield describe_broken(item, num_lines)
        elif not item.data.strip():
            yield blank_line(item.number)
        else:
            value = decode_object(item)
            yield value if isinstance(value, Problem) else (item.number, value)


def decode_object(line: Line) -> dict[str, Any] | Problem:
    """Return the object on a line, or what is wrong with it."""
    try:
        value = _DECODER.decode(line.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _diagnose(line, error)
    if not isinstance(value, dict):
        message = f"The line is {name_json_type(value)}; expected an object: {{...}}."
        return Problem(code="not_an_object", message=message, line=line.number, remedy=_REMEDY)
    num_keys = _count_keys(value, 1)
    # Every key is followed by quote and colon; texts may add to that count but never take away.
    # Equal counts prove that no key was swallowed by an equal one.
    if num_keys is None or num_keys != len(_KEY_END.findall(line.data)):
        return _find_strict_fault(line) or value
    return value


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
    return msgspec.json.encode(value, enc_hook=_encode_number).decode()


def _encode_number(value: object) -> msgspec.Raw:
    if isinstance(value, Number):
        return msgspec.Raw(value.literal.encode())
    raise TypeError(type(value).__name__)


def _read_float(text: str) -> Number:
    if not math.isfinite(float(text)):
        raise ValueError("number too large")
    return Number(text)


_DECODER = msgspec.json.Decoder(float_hook=_read_float)


def _count_keys(value: Any, depth: int) -> int | None:
    """Return the number of keys in a value, None when it is nested too deep to be read."""
    if depth > MAX_DEPTH:
        return None
    is_object = isinstance(value, dict)
    total = len(value) if is_object else 0
    for item in value.values() if is_object else value:
        if isinstance(item, (dict, list)):
            inner = _count_keys(item, depth + 1)
            if inner is None:
                return None
            total += inner
    return total


class _FaultError(Exception):
    """A fault of a line, found while it is read slowly."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


def _diagnose(line: Line, error: Exception) -> Problem:
    """Say why msgspec refused a line."""
    fault = _find_strict_fault(line)
    if fault is not None:
        return fault
    return _problem(line, "invalid_json", f"The line is not valid JSON ({error}).", _REMEDY)


def _find_strict_fault(line: Line) -> Problem | None:
    """Read a line with Python's own parser, strictly, and return its first fault."""
    try:
        text = line.data.decode("utf-8")
        value = _STRICT.decode(text)
        _require_depth(value, 1)
        _require_whole_characters(value, "")
    except UnicodeDecodeError as error:
        return _describe_encoding(line, error)
    except _FaultError as fault:
        return _problem(line, fault.code, fault.message, fault.remedy)
    except RecursionError:
        return _problem(line, "too_deep", _TOO_DEEP, "Flatten the row.")
    except json.JSONDecodeError as error:
        return _describe_syntax(line, error)
    return None


def _describe_encoding(line: Line, error: UnicodeDecodeError) -> Problem:
    message = (
        f"Byte {error.start + 1} is not valid UTF-8 (0x{line.data[error.start]:02X}); "
        "the file may be Latin-1 or Windows-1252."
    )
    return _problem(line, "invalid_utf8", message, "Save the file as UTF-8.")


def _describe_syntax(line: Line, error: json.JSONDecodeError) -> Problem:
    text = error.doc
    is_unfinished = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if is_unfinished and line.is_cut:
        message = "The last line is incomplete; was the download or upload interrupted?"
        return _problem(line, "incomplete_last_line", message, "Copy the file again, or complete the line.")
    if "control character" in error.msg:
        found = f"a raw control character (0x{ord(text[error.pos]):02X}) stands in a text"
        return _problem(
            line, "invalid_json", f"Column {error.colno}: {found}.", "Write it as \\n, \\t or \\u00XX."
        )
    remedy = "Write JSON with double quotes, for example with json.dumps." if "'" in text[:3] else _REMEDY
    near = text[error.pos : error.pos + 20]
    what = f"found {near!r}" if near else "the line ends too early"
    return _problem(
        line, "invalid_json", f"Column {error.colno} is not valid JSON: {error.msg}, {what}.", remedy
    )


def _problem(line: Line, code: str, message: str, remedy: str) -> Problem:
    return Problem(code=code, message=message, line=line.number, remedy=remedy)


_TOO_DEEP = f"The line is nested deeper than {MAX_DEPTH} levels."


def _require_depth(value: Any, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise _FaultError("too_deep", _TOO_DEEP, "Flatten the row.")
        for item in value.values() if isinstance(value, dict) else value:
            _require_depth(item, depth + 1)


def _require_whole_characters(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _require_whole_characters(key, f"{path} (a key)".strip())
            _require_whole_characters(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _require_whole_characters(item, f"{path}[{index}]")
    elif isinstance(value, str):
        for index, character in enumerate(value):
            if "\ud800" <= character <= "\udfff":
                message = (
                    f"{_printable(path)}, character {index + 1}: half of an emoji (\\u{ord(character):04x})."
                )
                raise _FaultError("lone_surrogate", message, "Write the whole character, or remove it.")


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _refuse_constant(text: str) -> NoReturn:
    raise _FaultError("invalid_number", f"{text} is not valid JSON.", "Use null or a number.")


def _require_short(text: str) -> int:
    if len(text) > MAX_DIGITS:
        message = f"A number of {len(text):,} digits is too long (limit {MAX_DIGITS:,})."
        raise _FaultError("number_too_long", message, "Write it as text, in quotes.")
    return int(text)


def _require_finite(text: str) -> float:
    if not math.isfinite(float(text)):
        message = f"{text[:40]} is too large for a number."
        raise _FaultError("invalid_number", message, "Use a smaller number, or text in quotes.")
    return float(text)


def _require_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        message = f'The key "{_printable(twice)}" appears twice in one object.'
        raise _FaultError("duplicate_key", message, "Keep one of the two.")
    return value


_STRICT = json.JSONDecoder(
    object_pairs_hook=_require_unique,
    parse_constant=_refuse_constant,
    parse_int=_require_short,
    parse_float=_require_finite,
)
