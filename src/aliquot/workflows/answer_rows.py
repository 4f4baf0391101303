"""Let a model answer a file of new rows: to a file with every row, kept batch by batch on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.core.answer_source import AnswerSource
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.part_file import PartFile
from aliquot.core.prompt import PromptAnswer
from aliquot.core.records import decode, encode_pretty
from aliquot.data.new_rows import NewRows
from aliquot.errors import InputError, Interrupted, MachineError
from aliquot.export.answered_rows import WRITERS
from aliquot.export.table_file import has_parquet
from aliquot.export.wording import rough_duration
from aliquot.workflows.load import Model, load
from aliquot.workflows.surroundings import Doing, Surroundings

TELL_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRows(ShownInNotebook):
    """A file of answers.

    Attributes:
        model: Who answered.
        out: The file.
        source: How the answers were made; a file beside it.
        num_truncated: Answers that the token limit ended.
        num_errors: Rows without an answer; the file says why.
        first_error: The reason at the first of them.
        columns: What the prompts were read from.
    """

    model: str
    out: str
    source: str
    num_rows: int
    num_truncated: int
    num_errors: int
    first_error: str
    columns: str


def answer_rows(
    name: Path | str,
    prompts: Path,
    out: Path,
    *,
    within: Surroundings | None = None,
    **options: Any,
) -> AnsweredRows:
    """Answer every row of a file; the same call goes on where an earlier one was interrupted.

    Args:
        name: A run, or the name of a base model.
        prompts: The rows: CSV, Excel, Parquet, JSON Lines, a JSON array, or text with a prompt a line.
        out: File of the answers; its ending is its format: ``.jsonl``, ``.csv`` or ``.parquet``.
        within: The surroundings, for tests.
        options: Those of `load`.

    Raises:
        InputError: The rows cannot be read, or ``out`` exists or has another ending.
        Interrupted: Ctrl-C; whole batches are kept.
    """
    within = within or Surroundings()
    _require_writable(out)
    with load(name, within=within, **options) as model:
        rows = model.read(prompts)
        return _Answering(model, rows, out, within).finish()


class _Answering:
    """A file of rows being answered."""

    def __init__(self, model: Model, rows: NewRows, out: Path, within: Surroundings) -> None:
        self._model, self._rows, self._out, self._within = model, rows, out, within
        self._source_path = out.with_name(f"{out.name}.source.json")
        self._part = PartFile(out.with_name(f"{out.name}.part"), model.batch_size)

    def finish(self) -> AnsweredRows:
        """Answer what is left and publish the file; see `answer_rows` for what it raises."""
        rows = self._rows.rows
        try:
            source = self._answer()
        except KeyboardInterrupt:
            raise _interrupted(self._part.recover(), len(rows)) from None
        answers = list(self._part.read(PromptAnswer))
        self._publish(source, answers)
        errors = [answer.error for answer in answers if answer.status == "error"]
        return AnsweredRows(
            model=self._model.title,
            out=str(self._out),
            source=str(self._source_path),
            num_rows=len(rows),
            num_truncated=sum(answer.status == "truncated" for answer in answers),
            num_errors=len(errors),
            first_error=errors[0] if errors else "",
            columns=self._rows.columns,
        )

    def _describe(self) -> AnswerSource:
        rows = {"rows": self._rows.name, "rows_sha256": self._rows.sha256, "columns": self._rows.columns}
        return AnswerSource(
            model=self._model.title,
            engine="transformers",
            settings={**self._model.describe(), **rows},
            started_at=self._within.now().isoformat(timespec="seconds"),
        )

    def _begin(self, source: AnswerSource) -> int:
        """Return how many rows were answered before by the same model in the same way."""
        num_done = self._part.recover() if self._source_path.is_file() else 0
        if num_done:
            path = self._source_path
            earlier = decode(path.read_bytes(), AnswerSource, str(path))
            if earlier.settings != source.settings:
                raise _other_answers(self._part.path, earlier, source)
            return num_done
        self._part.path.unlink(missing_ok=True)
        write_file(self._source_path, encode_pretty(source))
        return 0

    def _answer(self) -> AnswerSource:
        """Answer what is not answered yet; return how it was done, with the time it took if it is known."""
        source, total = self._describe(), len(self._rows.rows)
        num_done = first = self._begin(source)
        if num_done:
            self._within.tell(f"Going on after {num_done:,} of {total:,} rows answered before.")
        started = told = self._within.now()
        for batch in self._model.answer_batches(self._rows.rows, num_done):
            self._part.append(batch)
            num_done += len(batch)
            now = self._within.now()
            if (now - told).total_seconds() >= TELL_EVERY_S and num_done < total:
                told = now
                left_s = (now - started).total_seconds() / (num_done - first) * (total - num_done)
                left = f"{num_done:,} of {total:,} rows answered, {rough_duration(left_s)} left"
                self._within.tell(Doing(left))
        return replace(source, seconds=None if first else (self._within.now() - started).total_seconds())

    def _publish(self, source: AnswerSource, answers: Sequence[PromptAnswer]) -> None:
        table = [(row.line, row.fields) for row in self._rows.rows]
        write_file(self._out, WRITERS[self._out.suffix](table, answers))
        whole = replace(
            source,
            num_answers=sum(answer.status != "error" for answer in answers),
            num_prompt_tokens=sum(answer.num_prompt_tokens for answer in answers),
            num_output_tokens=sum(answer.num_output_tokens for answer in answers),
        )
        write_file(self._source_path, encode_pretty(whole))
        os.unlink(self._part.path)


def _require_writable(out: Path) -> None:
    if out.suffix not in WRITERS:
        raise InputError(
            f"The file's name ends in {out.suffix or 'nothing'!r}; expected {', '.join(WRITERS)}.",
            code="unknown_format",
            location="--out",
            hint="Its ending says how answers are written, for example answers.csv",
        )
    if out.suffix == ".parquet" and not has_parquet():
        raise MachineError(
            "Parquet is written by pyarrow, which is not installed.",
            code="package_missing",
            location="--out",
            hint="Run `pip install 'aliquot[parquet]'`, or name a .csv or .jsonl file.",
        )
    if out.exists():
        raise InputError(
            "This file exists already; answers are never written over.",
            code="out_exists",
            location=str(out),
            hint="Name another with --out, or remove it.",
        )


def _other_answers(part: Path, earlier: AnswerSource, source: AnswerSource) -> InputError:
    names = sorted({*earlier.settings, *source.settings})
    odd = next(name for name in names if earlier.settings.get(name) != source.settings.get(name))
    return InputError(
        f"Interrupted answers are here whose {odd} was {earlier.settings.get(odd)!r}; now it is "
        f"{source.settings.get(odd)!r}.",
        code="answers_differ",
        location=str(part),
        hint="Go on with the same model and rows, name another --out, or remove this file.",
    )


def _interrupted(num_done: int, total: int) -> Interrupted:
    return Interrupted(
        f"Stopped after {num_done:,} of {total:,} rows; their answers are kept.",
        code="stopped",
        hint="The same command goes on from there.",
    )
