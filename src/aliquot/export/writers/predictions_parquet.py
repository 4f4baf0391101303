"""``predictions.parquet``: the table of ``predictions.csv`` with typed columns, every text to the letter.

Written where pyarrow (the extra ``parquet``) is installed.
"""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.predictions_table import list_prediction_columns
from aliquot.export.table_file import has_parquet, write_parquet
from aliquot.export.writer import Writer


def write_predictions(run_dir: RunDir) -> bytes | None:
    """Return the table, None before any model has answered or where Parquet cannot be written."""
    columns = list_prediction_columns(run_dir) if has_parquet() else None
    return write_parquet(columns) if columns else None


WRITER = Writer(
    name="predictions_parquet",
    filename="predictions.parquet",
    title="Every answer of every model with label probabilities (Parquet)",
    write=write_predictions,
)
