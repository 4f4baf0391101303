"""``predictions.csv``: every answer of every model with its label probabilities, one a line.

Long, for R, pandas and pivot tables; ``items.csv`` has the scores, and one line for each test row.
"""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.predictions_table import list_prediction_columns
from aliquot.export.table_file import write_csv
from aliquot.export.writer import Writer


def write_predictions(run_dir: RunDir) -> str | None:
    """Return the table, None before any model has answered."""
    columns = list_prediction_columns(run_dir)
    return write_csv(list(columns), zip(*columns.values(), strict=True)) if columns else None


WRITER = Writer(
    name="predictions_csv",
    filename="predictions.csv",
    title="Every answer of every model with label probabilities (CSV)",
    write=write_predictions,
)
