"""Write artefacts into a run directory; called by the workflows after each stage and at the end."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from aliquot.core.files import write_file
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.export.writer import Writer
from aliquot.plugins import get_extension, list_extensions

WRITERS = "aliquot.export.writers"
PAGE = "report_html"


@cache  # looking for extensions reads the metadata of every installed package
def list_writers() -> tuple[str, ...]:
    """Return the names of all writers in the order they are run: the page is last, it links to the others."""
    return tuple(sorted(list_extensions(WRITERS), key=lambda name: (name == PAGE, name)))


@cache
def get_writer(name: str) -> Writer:
    """Return a writer.

    Raises:
        InputError: There is none of that name (``unknown_writer``).
    """
    return get_extension(WRITERS, name, "WRITER")


def write_artefacts(run_dir: RunDir, names: Iterable[str] | None = None) -> list[Path]:
    """Write artefacts and return their paths; those that the run cannot give yet are left out.

    Args:
        run_dir: The run; its ``spec.json`` must exist. Where nothing is trained in it, what tells of
            training is left out.
        names: Writers to run; all of them when None.

    Raises:
        InputError: A name is unknown; nothing was written.
        MachineError: The run directory cannot be written to.
    """
    writers = [get_writer(name) for name in (list_writers() if names is None else names)]
    if not isinstance(run_dir.read_scoring_spec(), Spec):
        writers = [writer for writer in writers if not writer.is_of_training]
    written = []
    for writer in writers:
        artefact = writer.write(run_dir)
        if artefact is not None:
            path = run_dir.path / writer.filename
            write_file(path, artefact)
            written.append(path)
    return written
