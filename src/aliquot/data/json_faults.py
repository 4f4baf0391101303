"""What is wrong with a line of JSON, said exactly: read again with Python's own parser, strictly."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from aliquot.data.format import Problem
from aliquot.data.source import Line

MAX_DEPTH = 32
"""Deepest nesting accepted; chat rows need four."""
MAX_DIGITS = 4_300
"""Longest integer that Python converts from text without being asked twice."""
REMEDY = "Write one JSON object per line."


class _FaultError(Exception):
    """A fault of a line, found while it is read slowly."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


def diagnose(line: Line, error: Exception) -> Problem:
    """Say why msgspec refused a line."""
    fault = find_fault(line)
    if fault is not None:
        return fault
    return _problem(line, "invalid_json", f"The line is not valid JSON ({error}).", REMEDY)


def find_fault(line: Line) -> Problem | None:
    """Return the first fault of a line, None when it has none."""
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
    remedy = "Write JSON with double quotes, for example with json.dumps." if "'" in text[:3] else REMEDY
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
