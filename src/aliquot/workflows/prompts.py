"""The verb ``data prompts``: test rows with their ids and without their answers, for a model elsewhere."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aliquot.core.dataset import StoredExample
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.errors import InputError
from aliquot.export.answers import prompt_text
from aliquot.workflows.check import check_rows, read_settings, require_conversations, require_usable
from aliquot.workflows.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPrompts(ShownInNotebook):
    """What was written.

    Attributes:
        num_repeated: Rows whose prompt stands in another row too; only their ids tell them apart.
    """

    path: str
    num_rows: int
    num_repeated: int


def write_prompts(
    data: Path | str, out: Path | str, *, config: Path | str | None = None, **settings: Any
) -> WrittenPrompts:
    """Write the test rows' prompts with the ids by which `aliquot evaluate FILES --against DATA` knows them.

    The references stay out: the file may be given to whoever answers it. Add a column ``answer``, or make
    a file of ``example_id`` and ``answer``.

    Args:
        data: The rows; where none names a split, all are the test.
        out: ``.jsonl`` for messages, ``.csv`` for prompts as plain text; a file of that name is replaced.
        config: A settings file.
        settings: Settings of groups ``data`` and ``evaluate``; those of the later scoring.

    Raises:
        InputError: Rows cannot be used, or the name of ``out`` says neither format.
        MachineError: The place cannot be written to.
    """
    path = Path(out)
    if path.suffix not in (".csv", ".jsonl"):
        raise InputError(
            f"The name of the file ends in {path.suffix or 'nothing'!r}, expected .jsonl or .csv.",
            code="unknown_format",
            location=str(out),
            hint="Choose .jsonl for messages with their roles, .csv for plain prompts.",
        )
    given = read_settings(config, settings)
    checked = check_rows(data, given, Surroundings(), is_trained=False)
    require_usable(checked.report)
    require_conversations(checked)
    rows = checked.table.stored_examples("test")
    write_file(path, _as_table(rows) if path.suffix == ".csv" else _as_lines(rows))
    times = Counter(row.prompt_sha256 for row in rows)
    num_repeated = sum(number for number in times.values() if number > 1)
    return WrittenPrompts(path=str(path), num_rows=len(rows), num_repeated=num_repeated)


def _as_lines(rows: Iterable[StoredExample]) -> str:
    records = (
        {
            "example_id": row.example_id,
            "messages": [{"role": message.role, "content": message.text} for message in row.prompt],
            **({"tools": json.loads(row.tools)} if row.tools else {}),
        }
        for row in rows
    )
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)


def _as_table(rows: Sequence[StoredExample]) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("example_id", "prompt"))
    table.writerows((row.example_id, safe_cell(prompt_text(row.prompt))) for row in rows)
    return file.getvalue()
