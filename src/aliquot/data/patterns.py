"""Looks for control tokens, personal data and secrets in one text; called by the data check for each message.

    scan("write to ada@uni.edu")        # ("email",)
    describe("email").title             # "e-mail addresses"

What was found is never repeated: callers get its kind and where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from aliquot.core.dataset import Finding
from aliquot.data import control_tokens, personal_data, secret_keys
from aliquot.data.findings import first_lines
from aliquot.data.pattern import Pattern

_PATTERNS = (*control_tokens.PATTERNS, *personal_data.PATTERNS, *secret_keys.PATTERNS)
_BY_NAME = {pattern.name: pattern for pattern in _PATTERNS}
_TEXTUAL = tuple(pattern for pattern in _PATTERNS if not pattern.is_numeric)
_NUMERIC = tuple(pattern for pattern in _PATTERNS if pattern.is_numeric)
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_FEW_DIGITS = 8
_RUN_OF_DIGITS = re.compile(rf"\d(?:[ .\-()]{{0,2}}\d){{{_FEW_DIGITS - 1}}}")
_FIRST_LOOK = ("<", "@", "[", "_", "sk-", "AIza", "glpat-", "xox", "eyJ", "-----BEGIN", "AKIA", "ASIA")
"""Every match of a pattern without digits holds one of these; most texts hold none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: characters ``start`` to ``end`` of the text."""

    name: str
    start: int
    end: int


def scan(text: str, special_tokens: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of the patterns that a text holds, each once.

    Args:
        text: One message.
        special_tokens: The base model's own control tokens, beside the general list.
    """
    places = locate(text, special_tokens)
    return tuple(dict.fromkeys(place.name for place in places)) if places else ()


def locate(text: str, special_tokens: Sequence[str] = ()) -> list[Place]:
    """Return every place where a pattern stands, pattern by pattern."""
    places: list[Place] = []
    if special_tokens:
        places += _find_tokens(text, tuple(special_tokens))
    for first in _FIRST_LOOK:
        if first in text:
            places += _search(text, _TEXTUAL)
            break
    if _has_run_of_digits(text) or "::" in text or text.count(":") >= 7:
        places += _search(text, _NUMERIC)
    return (
        list(dict.fromkeys(places)) if special_tokens else places
    )  # the base's tokens may stand in the general list, too


def describe(name: str) -> Pattern:
    """Return a pattern by its name: its kind, its title and what to do."""
    return _BY_NAME[name]


def list_patterns() -> tuple[Pattern, ...]:
    """Return one pattern of each name."""
    return tuple(_BY_NAME.values())


def check_patterns(lines_of: Mapping[str, Sequence[int]]) -> list[Finding]:
    """Return one finding for each pattern that stands in some rows; none repeats what was found.

    Args:
        lines_of: The lines of the rows that hold a pattern, each once, by the pattern's name.
    """
    return [_describe(_BY_NAME[name], lines) for name, lines in lines_of.items() if lines]


def _describe(pattern: Pattern, lines: Sequence[int]) -> Finding:
    rows = "1 row holds" if len(lines) == 1 else f"{len(lines):,} rows hold"
    return Finding(
        code="pattern_in_text",
        severity="warning",
        message=f"{rows} what looks like {pattern.title}.",
        lines=first_lines(lines),
        count=len(lines),
        field=pattern.name,
        remedy=pattern.remedy,
    )


def _has_run_of_digits(text: str) -> bool:
    num_digits = len(text.encode("ascii", "replace").translate(None, _NOT_DIGITS))
    return num_digits >= _FEW_DIGITS and _RUN_OF_DIGITS.search(text) is not None


def _search(text: str, patterns: Sequence[Pattern]) -> Iterator[Place]:
    for pattern in patterns:
        for trigger in pattern.triggers:
            if trigger in text:
                yield from _match(text, pattern)
                break


def _match(text: str, pattern: Pattern) -> Iterator[Place]:
    for match in pattern.regex.finditer(text):
        if pattern.is_valid is None or pattern.is_valid(match[0]):
            yield Place(pattern.name, *match.span())


def _find_tokens(text: str, tokens: tuple[str, ...]) -> Iterator[Place]:
    marked, plain = _sort_tokens(tokens)
    for token in marked + plain if "<" in text or "[" in text else plain:
        start = text.find(token)
        while start >= 0:
            yield Place("control_token", start, start + len(token))
            start = text.find(token, start + len(token))


@lru_cache(maxsize=8)
def _sort_tokens(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part the tokens that hold a bracket, as nearly all do, from the others."""
    marked = tuple(token for token in tokens if "<" in token or "[" in token)
    return marked, tuple(token for token in tokens if token and token not in marked)
