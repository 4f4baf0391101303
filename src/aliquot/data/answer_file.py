"""Files of answers that were made elsewhere: one answer a line, found by the names of its columns.

CSV, TSV, Excel, Parquet, JSON arrays and JSON Lines are read; among the latter the results of OpenAI's
batches, and logged requests as OpenPipe exports them. Which row an answer belongs to, ``answer_match``
decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aliquot.core.conversation import read_json
from aliquot.core.prompt import PROBABILITY
from aliquot.core.records import sha256_file
from aliquot.core.reply import Reply, cut_off
from aliquot.core.result import Status
from aliquot.data.answer_columns import Columns
from aliquot.data.column_text import find_column
from aliquot.data.format import Number, Problem
from aliquot.data.json_lines import as_json, as_text
from aliquot.data.own_tables import unmark
from aliquot.data.record_file import read_record_file
from aliquot.data.reply import read_reply
from aliquot.data.source import Source, open_source
from aliquot.errors import InputError

IDS = ("example_id", "custom_id", "id")
PROMPTS = ("prompt", "messages", "input", "req_payload")
ANSWERS = ("answer", "output", "prediction", "completion", "content", "response", "resp_payload")
PROBABILITIES = "label_probabilities"
LOG_PROBABILITY = "logprob:"
"""Begins the name of a column with the natural logarithm of a label's probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAnswer:
    """One answer of the file.

    Attributes:
        line: 1-based physical line on which it begins; in a Parquet file its 1-based place.
        example_id: What the file calls the row; None where it has no such column.
        prompt: The prompt as one text; None where there is none, or where there are turns.
        turns: The turns of the prompt, (role, text) each.
        status: ``error`` for a request that failed, which counts as wrong.
        label_probabilities: As given, not yet renormalised.
    """

    line: int
    example_id: str | None
    prompt: str | None
    turns: tuple[tuple[str, str], ...]
    output: str
    status: Status = "ok"
    label_probabilities: Mapping[str, float] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """Answers as a file holds them, and which columns they were read from, in words."""

    name: str
    sha256: str
    answers: tuple[FoundAnswer, ...]
    columns: str
    ids_from: int | None = None


def read_answer_file(path: Path, columns: Columns) -> AnswerFile:
    """Return the answers of a file.

    Raises:
        InputError: It cannot be read; or its columns are not there, or could be meant in two ways; or a
            line holds no answer. The message names the lines.
    """
    source = open_source(path)
    records = unmark(source.path, _read_records(source))
    names = list(dict.fromkeys(name for _, record in records for name in record))
    chosen = _choose(names, columns, source.name)
    answers = tuple(_read(line, record, chosen, source.name) for line, record in records)
    return AnswerFile(source.name, sha256_file(path), answers, chosen.words, columns.ids_from)


@dataclass(frozen=True, slots=True)
class _Chosen:
    example_id: str | None
    prompt: str | None
    answer: str | None

    @property
    def words(self) -> str:
        named = [name for name in (self.example_id, self.prompt) if name]
        answer = self.answer or "the last turn of messages"
        return f"answers from {answer}, rows by {' or '.join(named)}"


def _read_records(source: Source) -> list[tuple[int, dict[str, Any]]]:
    found = list(read_record_file(source))
    bad = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    if bad:
        more = f" ({len(bad) - 1:,} more lines are wrong.)" if len(bad) > 1 else ""
        raise InputError(
            bad[0].message + more,
            code=bad[0].code,
            location=f"{source.name}:{bad[0].line}",
            hint=bad[0].remedy,
        )
    records = [item for item in found if not isinstance(item, Problem)]
    if not records:
        raise InputError(
            "The file holds no answers.",
            code="file_empty",
            location=source.name,
            hint="Give one answer a line, beside the id or the prompt of its row.",
        )
    return records


def _choose(names: Sequence[str], columns: Columns, location: str) -> _Chosen:
    example_id = _named(columns.example_id, names, "--id-column", location) or _first(IDS, names)
    prompt = _named(columns.prompt, names, "--prompt-column", location) or _first(PROMPTS, names)
    answer = _named(columns.answer, names, "--answer-column", location) or _find_answer(names, location)
    if not answer and find_column("messages", names) is None:
        raise _explain("answer", ANSWERS, names, location)
    if not example_id and not prompt:
        raise _explain("row", (*IDS, *PROMPTS[:-1]), names, location)
    return _Chosen(example_id, prompt, answer)


def _first(known: Sequence[str], names: Sequence[str]) -> str | None:
    found = (find_column(name, names) for name in known)
    return next((name for name in found if name is not None), None)


def _named(name: str | None, names: Sequence[str], flag: str, location: str) -> str | None:
    if name is None:
        return None
    column = find_column(name, names)
    if column is None:
        raise InputError(
            f"There is no column {name!r}; the file has {', '.join(names[:20])}.",
            code="unknown_column",
            location=location,
            hint=f"Name one of them with {flag}.",
        )
    return column


def _find_answer(names: Sequence[str], location: str) -> str | None:
    found = [name for name in (find_column(known, names) for known in ANSWERS) if name is not None]
    if len(found) > 1:
        raise InputError(
            f"The columns {' and '.join(found)} could all be the model's answers.",
            code="answer_column_ambiguous",
            location=location,
            hint=f"Say which, for example --answer-column {found[-1]}.",
        )
    return found[0] if found else None


def _explain(what: str, known: Sequence[str], names: Sequence[str], location: str) -> InputError:
    flag = "--answer-column" if what == "answer" else "--id-column or --prompt-column"
    tells = "holds the answers" if what == "answer" else "tells which row an answer belongs to"
    return InputError(
        f"No column {tells}: found {', '.join(names[:20]) or 'none'}, expected {', '.join(known)}.",
        code="missing_columns",
        location=location,
        hint=f"Name it with {flag}.",
    )


def _read(line: int, record: dict[str, Any], chosen: _Chosen, location: str) -> FoundAnswer:
    prompt, turns = _read_prompt(record, chosen)
    reply = _read_answer(record, chosen)
    if reply is None:
        raise InputError(
            f"The line holds no answer: {chosen.answer or 'the last of messages'} is absent or no text.",
            code="answer_missing",
            location=f"{location}:{line}",
            hint="Name the column of the answers with --answer-column, or take the line out and give "
            "--missing wrong.",
        )
    return FoundAnswer(
        line=line,
        example_id=_as_id(record.get(chosen.example_id)) if chosen.example_id else None,
        prompt=prompt,
        turns=turns,
        output=reply.text,
        status=reply.status,
        label_probabilities=_read_probabilities(record, f"{location}:{line}"),
    )


def _as_id(value: Any) -> str | None:
    text = as_text(value)
    return text.strip() or None if isinstance(text, str) else None


def _read_prompt(record: dict[str, Any], chosen: _Chosen) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    value = record.get(chosen.prompt) if chosen.prompt else None
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):  # messages in a cell of a table
        read = read_json(value)
        value = read if _as_messages(read) else value
    if isinstance(value, dict):  # a logged request
        value = value.get("messages")
    messages = _as_messages(value)
    if messages:
        turns = [(str(turn.get("role", "")), reply.text) for turn in messages if (reply := read_reply(turn))]
        last_is_answer = turns and turns[-1][0] == "assistant"
        return None, tuple(turns[:-1] if last_is_answer else turns)
    text = as_text(value)
    return (text if isinstance(text, str) else None), ()


def _as_messages(value: Any) -> list[dict[str, Any]]:
    is_list = isinstance(value, list) and all(isinstance(turn, dict) for turn in value)
    return list(value) if is_list else []


def _read_answer(record: dict[str, Any], chosen: _Chosen) -> Reply | None:
    if record.get("error") and not record.get(chosen.answer or ""):
        return Reply("", "error")
    if chosen.answer:
        reply = read_reply(record.get(chosen.answer))
        return cut_off(reply) if _is_cut_off(record) else reply
    messages = _as_messages(record.get("messages"))
    is_answered = messages and messages[-1].get("role") == "assistant"
    return read_reply(messages[-1]) if is_answered else None


def _is_cut_off(record: dict[str, Any]) -> bool:
    return record.get("finish_reason") == "length" or record.get("status") == "truncated"


def _read_probabilities(record: dict[str, Any], location: str) -> dict[str, float] | None:
    given = record.get(PROBABILITIES)
    given = read_json(given) if isinstance(given, str) else given
    if given in (None, ""):
        given = _list_labelled(record, PROBABILITY) or None
    logs = _list_labelled(record, LOG_PROBABILITY)
    if given in (None, "") and not any(value not in (None, "") for value in logs.values()):
        return None
    values = given if isinstance(given, dict) else {label: _exp(value) for label, value in logs.items()}
    numbers = {label: _as_number(value) for label, value in values.items()}
    if any(number is None or not 0 <= number <= 1.001 for number in numbers.values()) or not numbers:
        raise InputError(
            f"These are no probabilities of labels: {as_json(given if given else logs)[:120]}.",
            code="probabilities_invalid",
            location=location,
            hint=f'Give {PROBABILITIES} as an object such as {{"high": 0.8, "low": 0.2}}, or columns '
            f"{LOG_PROBABILITY}high, {LOG_PROBABILITY}low with natural logarithms.",
        )
    return {label: number for label, number in numbers.items() if number is not None}


def _list_labelled(record: Mapping[str, Any], start: str) -> dict[str, Any]:
    """Return the values of columns whose names begin so, by label; empty cells are left out."""
    found = {name.removeprefix(start): value for name, value in record.items() if name.startswith(start)}
    return {label: value for label, value in found.items() if value not in (None, "")}


def _exp(value: Any) -> float | None:
    number = _as_number(value)
    return None if number is None or number > 1 else math.exp(number)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value.literal if isinstance(value, Number) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if not math.isnan(number) else None
