"""``methods.txt``: the methods paragraphs for a paper, written from the record."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.methods import describe_methods
from aliquot.export.record import read_record
from aliquot.export.writer import Writer


def write_methods(run_dir: RunDir) -> str:
    """Return the methods text, one paragraph per line, with blank lines between."""
    return "\n\n".join(describe_methods(read_record(run_dir))) + "\n"


WRITER = Writer(
    name="methods_text",
    filename="methods.txt",
    title="The methods text for a paper",
    write=write_methods,
    is_of_training=True,
)
