"""``data_card.md``: what is in the rows of a run and what was found in them, for people and for the Hub."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.data_card import build_data_card
from aliquot.export.published_rows import list_row_files
from aliquot.export.writer import Writer


def write_data_card(run_dir: RunDir) -> str:
    """Return the card."""
    spec = run_dir.read_scoring_spec()
    return build_data_card(spec.data, list_row_files(run_dir, spec))


WRITER = Writer(
    name="data_card",
    filename="data_card.md",
    title="The data card: contents, splits, overlap, findings, hashes",
    write=write_data_card,
)
