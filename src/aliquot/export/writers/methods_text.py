"""``methods.txt``: the methods paragraphs for a paper, written from the record."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.methods import describe_methods
from aliquot.export.record import read_record, read_scored
from aliquot.export.scored_methods import describe_scored_methods
from aliquot.export.writer import Writer


def write_methods(run_dir: RunDir) -> str:
    """Return the methods text, one paragraph per line, with blank lines between."""
    is_trained = isinstance(run_dir.read_scoring_spec(), Spec)
    paragraphs = (
        describe_methods(read_record(run_dir))
        if is_trained
        else describe_scored_methods(read_scored(run_dir))
    )
    return "\n\n".join(paragraphs) + "\n"


WRITER = Writer(
    name="methods_text",
    filename="methods.txt",
    title="The methods text for a paper",
    write=write_methods,
)
