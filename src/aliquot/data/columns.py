"""Rows with a prompt and an answer in named fields, whatever the fields are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.data.chat_keys import CHAT_KEYS, OVERWRITTEN, set_beside
from aliquot.data.column_text import Pattern, read_pattern
from aliquot.data.format import Number, Problem, Row
from aliquot.data.json_lines import as_text, name_json_type
from aliquot.errors import InputError

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
_ALPACA = {"instruction", "output"}


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file calls the parts of its rows: a column, or a pattern of several.

    Attributes:
        context: Alpaca's ``input``, put after the instruction and a blank line where it is not blank.
        system: Column of the system prompt.
        kept: Columns that stay metadata although a part is made of them, because a setting names them.
    """

    prompt: str | Pattern
    answer: str | Pattern
    context: str | None = None
    system: str | Pattern | None = None
    kept: frozenset[str] = frozenset()

    def describe(self) -> str:
        """Return the reading of these columns in words."""
        extra = f", {self.context} (after the prompt, separated by a blank line)" if self.context else ""
        extra += f", {_show(self.system)} (as the system prompt)" if self.system else ""
        return f"{_show(self.prompt)} (the prompt){extra} and {_show(self.answer)} (the answer)"

    def describe_prompt(self) -> str:
        """Return what the prompt is read from, in words."""
        parts = [self.prompt, *filter(None, (self.context,))]
        system = f", {_show(self.system)} as the system prompt" if self.system else ""
        return f"{' and '.join(_show(part) for part in parts)}{system}"

    def names(self) -> dict[str, str]:
        """Return what the file calls the fields of a chat line."""
        parts = [self.system] if self.system else []
        parts += [self.prompt, self.answer]
        return {f"messages[{index}].content": _name(part) for index, part in enumerate(parts)}

    @property
    def is_alpaca(self) -> bool:
        """Whether prompt and answer are called as Alpaca calls them."""
        return {str(name).strip().casefold() for name in (self.prompt, self.answer)} == _ALPACA

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that every row must have."""
        return (*_columns_of(self.prompt), *_columns_of(self.answer))

    @property
    def used(self) -> tuple[str, ...]:
        """All columns that the conversation is made of."""
        return (*_columns_of(self.system), *self.needed, *_columns_of(self.context))

    @property
    def plain(self) -> tuple[str, ...]:
        """Columns that are a part as they stand."""
        parts = (self.system, self.prompt, self.context, self.answer)
        return tuple(part for part in parts if isinstance(part, str))


def find_columns(keys: Sequence[str], settings: DataSettings | None = None) -> Columns | None:
    """Return which of the keys are prompt and answer, or None when no known pair is among them.

    Args:
        keys: The names of the columns.
        settings: What the person said about them; it wins over known names.

    Raises:
        InputError: A setting names a column that is not there.
    """
    settings = settings or DataSettings()
    found = _find_pair(keys)
    if settings.prompt or settings.answer:
        found = _read_settings(keys, settings)
    if found is None:
        return None
    if settings.system:
        system = read_pattern(settings.system, keys, "data.system", may_be_plain=True)
        found = replace(found, system=system)
    kept = {settings.group_key, settings.time_key, settings.smiles_key} & set(found.used)
    return replace(found, kept=frozenset(key for key in kept if key))


def find_prompt(keys: Sequence[str], settings: DataSettings) -> Columns | None:
    """Return which of the keys is the prompt of rows that have no answer, or None when none is known.

    A single column is the prompt, whatever it is called; the answer of these columns is an empty text.

    Raises:
        InputError: A setting names a column that is not there, or several columns could be the prompt.
    """
    context = system = None
    if settings.prompt:
        prompt = read_pattern(settings.prompt, keys, "data.prompt")
    else:
        by_name = {key.strip().casefold(): key for key in reversed(keys)}
        known = [name for name in dict.fromkeys(pair[0] for pair in PAIRS) if name in by_name]
        if "instruction" in known and _CONTEXT in known:
            known.remove(_CONTEXT)
            context = by_name[_CONTEXT]
        if len(known) > 1:
            raise InputError(
                f"The columns {' and '.join(by_name[name] for name in known)} could all be the prompt.",
                code="prompt_column_ambiguous",
                location="data.prompt",
                hint=f"Say which, for example --prompt-column {by_name[known[0]]}.",
            )
        if not known and len(keys) != 1:
            return None
        prompt = by_name[known[0]] if known else keys[0]
        system = by_name.get(_SYSTEM)
    if settings.system:
        system = read_pattern(settings.system, keys, "data.system", may_be_plain=True)
    return Columns(prompt, Pattern("", ()), context, system)


def list_pairs() -> str:
    """Return the known pairs in words."""
    return ", ".join(f"{prompt}/{answer}" for prompt, answer in PAIRS)


def row_reader(columns: Columns) -> Callable[[int, dict[str, Any]], Iterator[Row | Problem]]:
    """Return what yields a row in the shape of a chat line, after notes about its values."""
    return partial(_read_row, columns=columns, names=columns.names(), used=frozenset(columns.used))


def _read_row(
    line: int, value: dict[str, Any], columns: Columns, names: Mapping[str, str], used: frozenset[str]
) -> Iterator[Row | Problem]:
    missing = [key for key in columns.needed if key not in value]
    if missing:
        found = ", ".join(list(value)[:10]) or "none"
        yield Problem(
            code="missing_field",
            message=f'"{missing[0]}" is missing. Found keys: {found}.',
            line=line,
            field=missing[0],
            remedy=f"Give every row {' and '.join(dict.fromkeys(columns.needed))}.",
        )
        return
    for key in columns.plain:
        if isinstance(value.get(key), (Number, int)):
            yield _note_number(line, key, value[key])
    rest = {key: item for key, item in value.items() if key not in used or key in columns.kept}
    is_chat = any(isinstance(value.get(key), list) for key in columns.plain)
    rest, notes = set_beside(line, rest, OVERWRITTEN if is_chat else CHAT_KEYS)
    yield from notes
    yield Row(line, {**rest, "messages": _as_messages(value, columns)}, names, value, used)


def _find_pair(keys: Sequence[str]) -> Columns | None:
    by_name = {key.strip().casefold(): key for key in reversed(keys)}
    for prompt, answer in PAIRS:
        if prompt in by_name and answer in by_name:
            context = by_name.get(_CONTEXT) if prompt == "instruction" else None
            return Columns(by_name[prompt], by_name[answer], context, by_name.get(_SYSTEM))
    return None


def _read_settings(keys: Sequence[str], settings: DataSettings) -> Columns:
    """Return the columns that the person named; the other one of a pair may be found by its name."""
    prompt = read_pattern(settings.prompt, keys, "data.prompt") if settings.prompt else None
    answer = read_pattern(settings.answer, keys, "data.answer") if settings.answer else None
    used = (*_columns_of(prompt), *_columns_of(answer))
    if prompt is None:
        prompt = _find_other(keys, used, 0, "data.prompt")
    if answer is None:
        answer = _find_other(keys, used, 1, "data.answer")
    system = next((key for key in keys if key.strip().casefold() == _SYSTEM and key not in used), None)
    return Columns(prompt, answer, system=system)


def _find_other(keys: Sequence[str], used: Sequence[str], place: int, setting: str) -> str:
    names = {pair[place] for pair in PAIRS}
    found = [key for key in keys if key.strip().casefold() in names and key not in used]
    if len(found) == 1:
        return found[0]
    what = "no column has" if not found else f"{', '.join(found)} all have"
    raise InputError(
        f"It is not set, and {what} a known name for it.",
        code="missing_columns",
        location=setting,
        hint=f"Name one of the columns: {', '.join(keys)}.",
    )


def _columns_of(part: str | Pattern | None) -> tuple[str, ...]:
    if isinstance(part, Pattern):
        return part.columns
    return (part,) if part is not None else ()


def _show(part: str | Pattern | None) -> str:
    return f"{part.text[:80]!r}" if isinstance(part, Pattern) else str(part)


def _name(part: str | Pattern) -> str:
    return " + ".join(part.columns) if isinstance(part, Pattern) else part


def _note_number(line: int, key: str, value: object) -> Problem:
    return Problem(
        code="number_as_text",
        severity="note",
        message=f'"{key}" is {name_json_type(value)}, not text; it is read as written: {as_text(value)}.',
        line=line,
        field=key,
        kind=key,
    )


def _fill(part: str | Pattern, value: Mapping[str, Any]) -> object:
    return part.fill(value) if isinstance(part, Pattern) else as_text(value.get(part))


def _as_messages(value: Mapping[str, Any], columns: Columns) -> list[Any]:
    prompt = _fill(columns.prompt, value)
    context = as_text(value.get(columns.context)) if columns.context else None
    if isinstance(prompt, str) and isinstance(context, str) and context.strip():
        prompt = f"{prompt}\n\n{context}"
    messages = [*as_turns(prompt, "user"), *as_turns(_fill(columns.answer, value), "assistant")]
    if columns.system and (system := _fill(columns.system, value)):
        messages.insert(0, {"role": "system", "content": system})
    return messages


def as_turns(value: object, role: str) -> list[Any]:
    """Return a text as a message of a role; a list of messages as it is."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return value
    return [{"role": role, "content": value}]
