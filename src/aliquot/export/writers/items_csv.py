"""``items.csv``: one row per test example with every model's answer and score, for spreadsheets and R.

A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are left alone, and
``predictions/`` and ``rows/`` hold every text to the letter.
"""

from __future__ import annotations

from typing import Any

from aliquot.core.result import Score
from aliquot.core.run_dir import RunDir
from aliquot.export.answers import AnsweredRow, prompt_text, read_answers
from aliquot.export.record import read_scored
from aliquot.export.table_file import write_csv
from aliquot.export.writer import Writer

ROW_COLUMNS = ("example_id", "line", "group", "in_train", "prompt", "reference")
SCORE_COLUMNS = ("answer", "parsed", "score", "score_raw", "status")


def write_items(run_dir: RunDir) -> str | None:
    """Return the table, None before anything was scored.

    ``score`` is 1 or 0 after the declared normaliser (for numbers the absolute error, empty when unreadable),
    ``score_raw`` is 1 where the answer equals the reference to the letter. A grader has a column of its name.
    """
    record = read_scored(run_dir)
    rows = read_answers(record)
    if not rows:
        return None
    models = [result.model for result in record.results]
    graders = sorted({name for row in rows for score in row.scores.values() for name in score.grades})
    of_model = [*SCORE_COLUMNS, *graders]
    columns = [*ROW_COLUMNS, *(f"{model}.{column}" for model in models for column in of_model)]
    return write_csv(columns, (_cells(row, models, graders) for row in rows))


def _cells(row: AnsweredRow, models: list[str], graders: list[str]) -> list[Any]:
    example = row.example
    in_train = any(score.in_train for score in row.scores.values())
    cells: list[Any] = [example.example_id, example.line, example.group or "", int(in_train)]
    cells += [prompt_text(example.prompt), example.reference]
    for model in models:
        cells += _score_cells(row.scores.get(model), graders)
    return cells


def _score_cells(score: Score | None, graders: list[str]) -> list[Any]:
    if score is None:
        return [""] * (len(SCORE_COLUMNS) + len(graders))
    graded = [score.grades.get(name, "") for name in graders]
    return [score.output, score.parsed, score.normalised, score.raw, score.status, *graded]


WRITER = Writer(
    name="items_csv",
    filename="items.csv",
    title="Every test row with every model's answer and score (CSV)",
    write=write_items,
)
