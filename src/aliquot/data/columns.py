"""Rows with a prompt and an answer in two named fields, whatever the fields are called."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aliquot.data.format import Number, Problem, Row
from aliquot.data.json_lines import name_json_type

PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("prompt", "answer"),
    ("instruction", "output"),
    ("instruction", "response"),
    ("input", "output"),
    ("question", "answer"),
    ("text", "label"),
)
"""Names of prompt and answer that are recognised, in any case; the first pair present is taken."""
_CONTEXT = "input"
_SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file calls the parts of its rows.

    Attributes:
        context: Alpaca's ``input``, put after the instruction and a blank line where it is not blank.
        system: Column of the system prompt.
    """

    prompt: str
    answer: str
    context: str | None = None
    system: str | None = None

    def describe(self) -> str:
        """Return the reading of these columns in words."""
        extra = f", {self.context} (after the prompt, separated by a blank line)" if self.context else ""
        extra += f", {self.system} (as the system prompt)" if self.system else ""
        return f"{self.prompt} (the prompt){extra} and {self.answer} (the answer)"

    def names(self) -> dict[str, str]:
        """Return what the file calls the fields of a chat line."""
        contents = [self.system] if self.system else []
        contents += [self.prompt, self.answer]
        return {f"messages[{index}].content": name for index, name in enumerate(contents)}


def find_columns(keys: Sequence[str]) -> Columns | None:
    """Return which of the keys are prompt and answer, or None when no known pair is among them."""
    by_name = {key.strip().casefold(): key for key in reversed(keys)}
    for prompt, answer in PAIRS:
        if prompt in by_name and answer in by_name:
            context = by_name.get(_CONTEXT) if prompt == "instruction" else None
            return Columns(by_name[prompt], by_name[answer], context, by_name.get(_SYSTEM))
    return None


def list_pairs() -> str:
    """Return the known pairs in words."""
    return ", ".join(f"{prompt}/{answer}" for prompt, answer in PAIRS)


def suggest(name: str, known: Sequence[str]) -> str:
    """Return ``Did you mean 'x'?`` for a near name, else an empty text."""
    near = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.75)
    return f"Did you mean {near[0]!r}?" if near else ""


def read_row(
    line: int, value: Mapping[str, Any], columns: Columns, names: Mapping[str, str]
) -> Iterator[Row | Problem]:
    """Yield a row in the shape of a chat line, after notes on values that were not text."""
    missing = [key for key in (columns.prompt, columns.answer) if key not in value]
    if missing:
        found = ", ".join(list(value)[:10]) or "none"
        yield Problem(
            code="missing_field",
            message=f'"{missing[0]}" is missing. Found keys: {found}.',
            line=line,
            field=missing[0],
            remedy=f"Give every row {columns.prompt} and {columns.answer}.",
        )
        return
    used = [key for key in (columns.system, columns.prompt, columns.context, columns.answer) if key]
    for key in used:
        if isinstance(value.get(key), (Number, int)):
            yield _note_number(line, key, value[key])
    rest = {key: item for key, item in value.items() if key not in used}
    yield Row(line, {**rest, "messages": _as_messages(value, columns)}, names)


def as_text(value: object) -> object:
    """Return a number, true or false as the text it was written as; other values unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.literal
    return str(value) if isinstance(value, int) else value


def _note_number(line: int, key: str, value: object) -> Problem:
    return Problem(
        code="number_as_text",
        severity="note",
        message=f'"{key}" is {name_json_type(value)}, not text; it is read as written: {as_text(value)}.',
        line=line,
        field=key,
        kind=key,
    )


def _as_messages(value: Mapping[str, Any], columns: Columns) -> list[dict[str, Any]]:
    prompt = as_text(value[columns.prompt])
    context = as_text(value.get(columns.context)) if columns.context else None
    if isinstance(prompt, str) and isinstance(context, str) and context.strip():
        prompt = f"{prompt}\n\n{context}"
    messages = [
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": as_text(value[columns.answer])},
    ]
    if columns.system:
        messages.insert(0, {"role": "system", "content": as_text(value.get(columns.system))})
    return messages
