"""Tables as files: CSV for spreadsheets and R, Parquet for pandas and polars."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aliquot.core.spreadsheet_cell import safe_cell


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV.

    A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers are left alone.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow([safe_cell(name) for name in columns])
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def has_parquet() -> bool:
    """Whether Parquet can be written here (the extra ``parquet``)."""
    return importlib.util.find_spec("pyarrow") is not None


def write_parquet(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return a table as Parquet, every text to the letter; the columns are of one length."""
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table({name: list(cells) for name, cells in columns.items()}), sink)
    return sink.getvalue().to_pybytes()
