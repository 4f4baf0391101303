"""Reads a run's predictions and makes sure that they belong to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aliquot.core.dataset import StoredExample
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.wording import TITLES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Collected:
    """Predictions of a split.

    Attributes:
        whole: By model, in the order of tables: one prediction per row, in the order of the rows.
        partial: Models that have not answered every row yet, with the number of answers.
    """

    whole: dict[str, list[Prediction]]
    partial: dict[str, int]


def collect_predictions(run_dir: RunDir, split: str, rows: Sequence[StoredExample]) -> Collected:
    """Return the predictions of every model that has a file for this split.

    Raises:
        RunError: A file holds an answer to no row of the split, two answers to one, or another reference.
    """
    collected = Collected({}, {})
    for model in (model for model, answered in run_dir.list_predictions() if answered == split):
        location = str(run_dir.predictions_path(model, split))
        by_id = _by_example(run_dir.read_predictions(model, split), rows, location)
        if len(by_id) < len(rows):
            collected.partial[model] = len(by_id)
        elif rows:
            collected.whole[model] = [by_id[row.example_id] for row in rows]
    return Collected(in_table_order(collected.whole), in_table_order(collected.partial))


def in_table_order(models: Mapping[str, T]) -> dict[str, T]:
    """Return what is known by model, in the order of tables: known models first, others by name."""
    order = list(TITLES)
    names = sorted(models, key=lambda name: (order.index(name) if name in TITLES else len(order), name))
    return {name: models[name] for name in names}


def _by_example(
    predictions: Sequence[Prediction], rows: Sequence[StoredExample], location: str
) -> dict[str, Prediction]:
    reference = {row.example_id: row.reference for row in rows}
    found: dict[str, Prediction] = {}
    for number, prediction in enumerate(predictions, start=1):
        example_id = prediction.example_id
        if example_id in found:
            raise _foreign(f"a second answer to example {example_id}", f"{location}:{number}")
        if example_id not in reference:
            raise _foreign(f"an answer to example {example_id}, which is no row", f"{location}:{number}")
        if prediction.reference != reference[example_id]:
            raise _foreign(
                f"the reference {prediction.reference!r} for example {example_id}, whose row says "
                f"{reference[example_id]!r}",
                f"{location}:{number}",
            )
        found[example_id] = prediction
    return found


def _foreign(what: str, location: str) -> RunError:
    return RunError(
        f"The prediction file holds {what}; expected is one answer per row of this run.",
        code="predictions_foreign",
        location=location,
        hint="Remove the file, then predict again.",
    )
