"""Looks for control tokens, personal data and secrets in one text; called by the data check for each message.

    scan("write to ada@uni.edu")        # ("email",)

What was found is never repeated: callers get only its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from aliquot.core.conversation import Message
from aliquot.core.dataset import Example, Finding
from aliquot.data import control_tokens, personal_data, secret_keys
from aliquot.data.findings import describe_rows
from aliquot.data.format import PlainRows
from aliquot.data.keys import STANDING, Key, Turn
from aliquot.data.pattern import Pattern
from aliquot.data.table import ExampleTable

PATTERNS = (*control_tokens.PATTERNS, *personal_data.PATTERNS, *secret_keys.PATTERNS)
_BY_NAME = {pattern.name: pattern for pattern in PATTERNS}
_TEXTUAL = tuple(pattern for pattern in PATTERNS if not pattern.is_numeric)
_NUMERIC = tuple(pattern for pattern in PATTERNS if pattern.is_numeric)
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_FEW_DIGITS = 8
_RUN_OF_DIGITS = re.compile(rf"\d(?:[ .\-()]{{0,2}}\d){{{_FEW_DIGITS - 1}}}")
_COLONS = re.compile(r":[0-9A-Fa-f]{1,4}:|::")
"""Stands in every address of colons."""
_FIRST_LOOK = (
    ("<", ("<",)),
    ("@", ("@",)),
    ("[", ("[",)),
    ("_", ("_",)),
    ("-", ("sk-", "glpat-", "-----BEGIN")),
    ("A", ("AIza", "AKIA", "ASIA")),
    ("J", ("eyJ",)),
    ("x", ("xox",)),
)
"""Every match of a pattern without digits holds one of these texts, looked for where a character of it
stands: most texts hold none, and one character is found ten times as fast as several."""
_GLANCE_ROWS = 16


def scan(text: str) -> tuple[str, ...]:
    """Return the names of the patterns that a text holds, each once."""
    names: list[str] = []
    if _may_hold_textual(text):
        names += _search(text, _TEXTUAL)
    if _has_run_of_digits(text) or "::" in text or text.count(":") >= 7:
        names += _search(text, _NUMERIC)
    return tuple(dict.fromkeys(names))


def may_hold(text: str) -> bool:
    """Return whether any part of a text can hold a pattern, at a glance."""
    if _count_digits(text) >= _FEW_DIGITS or (":" in text and _COLONS.search(text)):
        return True
    return _may_hold_textual(text)


def _may_hold_textual(text: str) -> bool:
    return any(char in text and any(first in text for first in firsts) for char, firsts in _FIRST_LOOK)


def scan_rows(rows: Sequence[Key]) -> Iterator[tuple[int, str]]:
    """Yield the place of a row and the name of a pattern in it, for many plain rows."""
    standing = {turns[0].content for turns in rows if turns[0].role in STANDING}
    must_look = any(map(_scan_standing, standing))
    for first in range(0, len(rows), _GLANCE_ROWS):
        some = rows[first : first + _GLANCE_ROWS]
        texts = [turn.content for turns in some for turn in turns if turn.role not in STANDING]
        if must_look or may_hold("\n".join(texts)):
            for place, turns in enumerate(some, start=first):
                yield from ((place, name) for name in _scan_messages(turns))


def _scan_messages(messages: Iterable[Message | Turn]) -> Iterator[str]:
    for message in messages:
        yield from (_scan_standing if message.role in STANDING else scan)(message.content)


class PatternCensus:
    """Notes which examples hold which patterns, while they are read."""

    def __init__(self) -> None:
        self._places: dict[str, list[int]] = {}

    def add(self, example: Example, place: int) -> None:
        """Note what the messages of the example at that place of the table hold."""
        for name in _scan_messages(example.messages):
            self._note(name, place)

    def add_plain(self, rows: PlainRows, place: int) -> None:
        """Note the same of plain rows, the first of which is at that place."""
        for offset, name in rows.patterns:
            self._note(name, place + offset)

    def _note(self, name: str, place: int) -> None:
        places = self._places.setdefault(name, [])
        if not places or places[-1] != place:
            places.append(place)

    def describe(self, table: ExampleTable) -> list[Finding]:
        """Return one finding for each pattern that was met; none repeats what was found."""
        return [
            finding
            for name, places in self._places.items()
            for finding in describe_pattern(table, name, np.array(places))
        ]


def describe_pattern(table: ExampleTable, name: str, rows: np.ndarray) -> list[Finding]:
    """Return the finding that some examples hold a pattern."""
    pattern = _BY_NAME[name]
    hold = "1 row holds" if len(rows) == 1 else f"{len(rows):,} rows hold"
    return describe_rows(
        table,
        rows,
        code="pattern_in_text",
        severity="warning",
        message=f"{hold} what looks like {pattern.title}.",
        field=pattern.name,
        remedy=pattern.remedy,
    )


def _has_run_of_digits(text: str) -> bool:
    return _count_digits(text) >= _FEW_DIGITS and _RUN_OF_DIGITS.search(text) is not None


def _count_digits(text: str) -> int:
    return len(text.encode("ascii", "replace").translate(None, _NOT_DIGITS))


def _search(text: str, patterns: Sequence[Pattern]) -> Iterator[str]:
    return (pattern.name for pattern in patterns if _holds(text, pattern))


def _holds(text: str, pattern: Pattern) -> bool:
    for trigger in pattern.triggers:
        if trigger in text:
            matches = pattern.regex.finditer(text)
            return any(pattern.is_valid is None or pattern.is_valid(match[0]) for match in matches)
    return False


_scan_standing = lru_cache(maxsize=64)(scan)  # the same system prompt stands in most rows
