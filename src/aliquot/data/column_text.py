"""What a person says about columns: a column's name, or a text with columns in braces.

``Classify {title}: {abstract}`` takes two columns; a brace that is meant as a brace is doubled.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aliquot.data.json_lines import as_json, as_text
from aliquot.errors import InputError

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text with columns in it.

    Attributes:
        text: As the person wrote it.
        parts: Texts, and columns as tuples of one name.
    """

    text: str
    parts: tuple[str | tuple[str], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in it."""
        return tuple(part[0] for part in self.parts if isinstance(part, tuple))

    def fill(self, value: Mapping[str, Any]) -> str:
        """Return the text for one row; an empty cell leaves nothing, an object is written as JSON."""
        return "".join(
            part if isinstance(part, str) else _as_words(value.get(part[0])) for part in self.parts
        )


def read_pattern(
    text: str, keys: Sequence[str], setting: str, *, may_be_plain: bool = False
) -> str | Pattern:
    """Return the column that a text names, or the pattern that it is.

    Args:
        text: What the person wrote.
        keys: The columns there are.
        setting: Name of the setting, for errors.
        may_be_plain: Whether a text without columns is meant as it stands.

    Raises:
        InputError: It names a column that is not there, or its braces do not match.
    """
    column = find_column(text, keys)
    if column is not None:
        return column
    if "{" not in text and "}" not in text:
        if may_be_plain and (not suggest(text, keys) or " " in text):
            return Pattern(text, (text,))
        raise _unknown(text, keys, setting)
    parts: list[str | tuple[str]] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("{", "}"):
            raise InputError(
                f"A single {token!r} stands at character {match.start() + 1} of {text[:60]!r}.",
                code="template_invalid",
                location=setting,
                hint="Write columns as {column}, and a brace that is meant as a brace twice.",
            )
        parts.append(_read_token(match, keys, setting))
    return Pattern(text, tuple(parts))


def find_column(name: str, keys: Sequence[str]) -> str | None:
    """Return the key that is called so, in any case if none is to the letter."""
    if name in keys:
        return name
    wanted = name.strip().casefold()
    return next((key for key in keys if key.strip().casefold() == wanted), None)


def suggest(name: str, known: Sequence[str]) -> str:
    """Return ``Did you mean 'x'?`` for a near name, else an empty text."""
    near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.75)
    return f"Did you mean {near[0]!r}?" if near else ""


def _read_token(match: re.Match[str], keys: Sequence[str], setting: str) -> str | tuple[str]:
    if match[1] is None:
        return {"{{": "{", "}}": "}"}.get(match[0], match[0])
    column = find_column(match[1], keys)
    if column is None:
        raise _unknown(match[1], keys, setting)
    return (column,)


def _unknown(name: str, keys: Sequence[str], setting: str) -> InputError:
    near = suggest(name, keys)
    columns = f"Columns: {', '.join(keys)}."
    return InputError(
        f"There is no column {name[:60]!r}.",
        code="unknown_column",
        location=setting,
        hint=f"{near} {columns}".strip(),
    )


def _as_words(value: object) -> str:
    text = as_text(value)
    return text if isinstance(text, str) else "" if text is None else as_json(text)
