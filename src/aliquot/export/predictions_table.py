"""All answers of all models to all splits as one long table: a line for each model and row."""

from __future__ import annotations

from typing import Any

from aliquot.core.prompt import PROBABILITY
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir

_FIELDS = (
    "model", "split", "example_id", "line", "group", "in_train", "reference", "output", "status",
    "finish_reason", "num_prompt_tokens", "num_output_tokens", "seed",
)  # fmt: skip


def list_prediction_columns(run_dir: RunDir) -> dict[str, list[Any]] | None:
    """Return the columns by name, None before any model has answered.

    Models stand by name, rows in the order of their split. ``line`` is that of the data file; the
    probability of each label and ``label_mass`` are there where a model gave them.
    """
    pairs = run_dir.list_predictions()
    answers = [answer for pair in pairs for answer in run_dir.read_predictions(*pair)]
    if not answers:
        return None
    splits = {answer.split for answer in answers}
    lines = {(split, row.example_id): row.line for split in splits for row in run_dir.read_rows(split)}
    columns = {name: [_cell(answer, name, lines) for answer in answers] for name in _FIELDS}
    labels = dict.fromkeys(label for answer in answers for label in answer.label_probabilities or ())
    if labels:
        columns["label_mass"] = [answer.label_mass for answer in answers]
    for label in labels:
        columns[f"{PROBABILITY}{label}"] = [(one.label_probabilities or {}).get(label) for one in answers]
    return columns


def _cell(answer: Prediction, name: str, lines: dict[tuple[str, str], int]) -> Any:
    return lines.get((answer.split, answer.example_id)) if name == "line" else getattr(answer, name)
