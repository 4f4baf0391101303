"""Rows that nobody has answered yet: a prompt each, from a file or given as they are.

The settings by which a run's own rows were read (``data.prompt``, ``data.system``) hold for new rows as
well, so that a model is asked as it was trained. A row that cannot be asked is kept, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from aliquot.config.settings import DataSettings
from aliquot.core.prompt import Prompt
from aliquot.core.records import sha256_file, sha256_of
from aliquot.data.columns import PAIRS, Columns, find_prompt, row_reader
from aliquot.data.findings import Findings
from aliquot.data.format import Number, Problem, Row
from aliquot.data.json_lines import as_json
from aliquot.data.own_tables import unmark
from aliquot.data.record_file import TEXT, read_record_file
from aliquot.data.source import open_source
from aliquot.data.tables import Record
from aliquot.data.validate import RowValidator
from aliquot.errors import InputError

_PROMPTS = tuple(dict.fromkeys(prompt for prompt, _ in PAIRS))
_NO_TOOLS: Mapping[str, Any] = MappingProxyType({})
_PLACEHOLDER = {"role": "assistant", "content": "?"}
"""A prompt is what stands before an answer: with one behind it, the rules of rows can check it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """One row to be answered.

    Attributes:
        line: 1-based physical line on which it begins; its place where it comes from no text file.
        fields: The row's own fields, by name: texts, and other values as raw JSON.
        prompt: None where it cannot be asked.
        error: Why it cannot.
    """

    line: int
    fields: Mapping[str, Any]
    prompt: Prompt | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """Rows to be answered, in their order.

    Attributes:
        name: The file; empty when they come from none.
        sha256: Of the file, or of the rows.
        columns: What the prompts were read from, in words.
    """

    rows: tuple[NewRow, ...]
    sha256: str
    columns: str
    name: str = ""


def read_new_rows(path: Path, settings: DataSettings) -> NewRows:
    """Return the rows of a file; answers in it are not looked at.

    Raises:
        InputError: The file cannot be read, holds no rows, or no column is the prompt.
    """
    source = open_source(path, settings)
    found = unmark(source.path, [item for item in read_record_file(source) if not _is_note(item)])
    rows, columns = _as_rows(found, settings, source.name)
    return NewRows(rows=rows, sha256=sha256_file(path), columns=columns, name=path.name)


def list_new_rows(
    given: Sequence[str | Mapping[str, Any] | Sequence[Mapping[str, Any]]], settings: DataSettings
) -> NewRows:
    """Return rows that were given as they are: texts, lists of messages, or objects with fields.

    Raises:
        InputError: One is none of these, or no field is the prompt.
    """
    rows: list[NewRow | None] = []
    objects: list[Record | Problem] = []
    for number, item in enumerate(given, start=1):
        if isinstance(item, str):
            rows.append(_as_row(number, {TEXT: item}, [{"role": "user", "content": item}]))
        elif isinstance(item, Mapping):
            rows.append(None)
            objects.append((number, {str(key): _as_decoded(value) for key, value in item.items()}))
        elif isinstance(item, Sequence):
            rows.append(_as_row(number, {"messages": list(item)}, list(item)))
        else:
            raise InputError(
                f"Row {number} is a {type(item).__name__}; expected a text, a list of messages or an object.",
                code="invalid_prompt",
                location="answer",
                hint='For example ["text"], [[{"role": "user", "content": "text"}]] or [{"prompt": "text"}].',
            )
    read, columns = _as_rows(objects, settings, "answer") if objects else ((), "the texts given")
    following = iter(read)
    whole = tuple(row or next(following) for row in rows)
    return NewRows(rows=whole, sha256=sha256_of([row.fields for row in whole]), columns=columns)


def _as_rows(
    found: Sequence[Record | Problem], settings: DataSettings, name: str
) -> tuple[tuple[NewRow, ...], str]:
    records = [item[1] for item in found if not isinstance(item, Problem)]
    if not records:
        problem = next((item for item in found if isinstance(item, Problem)), None)
        raise InputError(
            problem.message if problem else "The file holds no rows.",
            code=problem.code if problem else "file_empty",
            location=f"{name}:{problem.line}" if problem else name,
            hint=problem.remedy if problem else "Give one prompt a row.",
        )
    names = list(dict.fromkeys(key for record in records for key in record))
    columns = None if "messages" in names and not settings.prompt else _find(names, settings, name)
    read = row_reader(columns) if columns else _read_chat
    rows = tuple(
        NewRow(line=item.line, fields={}, error=item.message)
        if isinstance(item, Problem)
        else _read_row(item, list(read(*item)))
        for item in found
    )
    return rows, columns.describe_prompt() if columns else "messages"


def _find(names: Sequence[str], settings: DataSettings, name: str) -> Columns:
    found = find_prompt(names, settings)
    if found is None:
        raise InputError(
            f"No column is known to be the prompt: found {', '.join(names[:20])}, expected messages or one "
            f"of {', '.join(_PROMPTS)}.",
            code="missing_columns",
            location=name,
            hint="Name it: --prompt-column NAME, or a text with columns in braces: 'Is {formula} stable?'",
        )
    return found


def _read_chat(line: int, value: dict[str, Any]) -> Iterator[Row | Problem]:
    yield Row(line, value)


def _read_row(record: Record, read: Sequence[Row | Problem]) -> NewRow:
    line, value = record
    fields = {name: _as_plain(item) for name, item in value.items()}
    row = next((item for item in read if isinstance(item, Row)), None)
    if row is None:
        error = next((item.message for item in read if isinstance(item, Problem)), "The row holds no prompt.")
        return NewRow(line=line, fields=fields, error=error)
    messages = row.value.get("messages")
    chat = {key: value for key, value in row.value.items() if key in ("tools", "functions")}
    return _as_row(line, fields, messages, chat)


def _as_row(
    line: int, fields: Mapping[str, Any], messages: Any, chat: Mapping[str, Any] = _NO_TOOLS
) -> NewRow:
    """Check a prompt by the rules of rows; an answer at its end is not part of it."""
    asked = messages
    if isinstance(messages, list):
        is_answered = messages and isinstance(messages[-1], dict) and messages[-1].get("role") == "assistant"
        asked = [*(messages[:-1] if is_answered else messages), _PLACEHOLDER]
    findings = Findings("")
    example = RowValidator(findings).validate(Row(line, {**chat, "messages": asked}))
    if example is None:
        errors = [one.message for one in findings.finish() if one.severity == "error"]
        return NewRow(line=line, fields=fields, error=" ".join(errors))
    if not any(message.text.strip() for message in example.prompt):
        return NewRow(line=line, fields=fields, error="The prompt is blank.")
    return NewRow(line=line, fields=fields, prompt=Prompt(example.prompt, example.tools))


def _as_decoded(value: Any) -> Any:
    """Return a number of Python's, or of a table's cell, as one read from JSON."""
    if isinstance(value, bool | int) or not isinstance(value, Real):
        return value
    if isinstance(value, Integral):
        return int(value)
    return Number(repr(float(value))) if math.isfinite(value) else None


def _as_plain(value: Any) -> Any:
    """Return a decoded value as it is written again: its numbers to the letter."""
    return value if value is None or isinstance(value, str) else msgspec.Raw(as_json(value).encode())


def _is_note(item: Record | Problem) -> bool:
    return isinstance(item, Problem) and item.severity != "error"
