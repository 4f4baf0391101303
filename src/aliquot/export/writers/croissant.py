"""``croissant.json``: the rows of a run described in Croissant 1.1, for those who load data by machine."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.croissant import build_croissant
from aliquot.export.published_rows import list_row_files
from aliquot.export.writer import Writer


def write_croissant(run_dir: RunDir) -> str:
    """Return the description of ``rows/``."""
    spec = run_dir.read_scoring_spec()
    return build_croissant(spec.data, list_row_files(run_dir, spec), created_at=spec.created_at)


WRITER = Writer(
    name="croissant",
    filename="croissant.json",
    title="The rows in Croissant 1.1: files with hashes, splits, fields",
    write=write_croissant,
)
