"""New rows with their answers, as JSON Lines, CSV or Parquet: every row, its own fields before the answer.

A field of a row that is called as one of ours stands under ``row.``: ``row.answer``; in a file that was
answered twice, what stood there before under ``row.row.``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aliquot.core.prompt import PROBABILITY, PromptAnswer
from aliquot.core.records import encode_lines
from aliquot.export.table_file import write_csv, write_parquet

Row = tuple[int, Mapping[str, Any]]
"""Line and own fields; values are texts and raw JSON."""

_OURS = (
    "line", "answer", "status", "error", "label_probabilities", "label_mass", "num_prompt_tokens",
    "num_output_tokens",
)  # fmt: skip


def write_json_lines(rows: Sequence[Row], answers: Sequence[PromptAnswer]) -> bytes:
    """Return one object a row; what a row has no value for is left out."""
    return encode_lines(
        {"line": line, **_own(fields), **{name: value for name, value in _given(answer) if value is not None}}
        for (line, fields), answer in zip(rows, answers, strict=True)
    )


def write_csv_table(rows: Sequence[Row], answers: Sequence[PromptAnswer]) -> bytes:
    """Return a table with a column for each label's probability."""
    columns = _as_columns(rows, answers)
    return write_csv(list(columns), zip(*columns.values(), strict=True)).encode()


def write_parquet_table(rows: Sequence[Row], answers: Sequence[PromptAnswer]) -> bytes:
    """Return the same table as Parquet; own fields are texts."""
    return write_parquet(_as_columns(rows, answers))


WRITERS: dict[str, Callable[[Sequence[Row], Sequence[PromptAnswer]], bytes]] = {
    ".jsonl": write_json_lines,
    ".csv": write_csv_table,
    ".parquet": write_parquet_table,
}
"""By the ending of the file's name."""


def _own(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {_own_name(name): value for name, value in fields.items()}


def _own_name(name: str) -> str:
    # An answered file may be answered again: its ``row.answer`` and ``answer`` stay apart as well.
    plain = re.sub(r"^(row\.)+", "", name)
    return f"row.{name}" if plain in _OURS or plain.startswith(PROBABILITY) else name


def _given(answer: PromptAnswer) -> list[tuple[str, Any]]:
    return [
        ("answer", answer.text),
        ("status", answer.status),
        ("error", answer.error or None),
        ("label_probabilities", answer.label_probabilities),
        ("label_mass", answer.label_mass),
        ("num_prompt_tokens", answer.num_prompt_tokens),
        ("num_output_tokens", answer.num_output_tokens),
    ]


def _as_columns(rows: Sequence[Row], answers: Sequence[PromptAnswer]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for _, fields in rows for name in fields)
    labels = dict.fromkeys(label for answer in answers for label in answer.label_probabilities or ())
    columns: dict[str, list[Any]] = {"line": [line for line, _ in rows]}
    for name in names:
        columns[_own_name(name)] = [_as_cell(fields.get(name)) for _, fields in rows]
    for name, _ in _given(PromptAnswer(text="")):
        if name != "label_probabilities":
            columns[name] = [dict(_given(answer))[name] for answer in answers]
    for label in labels:
        columns[f"{PROBABILITY}{label}"] = [(one.label_probabilities or {}).get(label) for one in answers]
    return {name: cells for name, cells in columns.items() if name != "label_mass" or labels}


def _as_cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return encode_lines([value]).decode().rstrip("\n")
