"""The shape of an export writer: one artefact of a run directory, made from what the run has so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aliquot.core.run_dir import RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """One artefact; a module in ``writers/`` holds one as ``WRITER``.

    Attributes:
        name: The module's name.
        filename: Where the artefact goes, relative to the run directory, with forward slashes.
        title: What it is, in a few words for the report's list of files.
        write: Returns the artefact, or None while the run cannot give it yet. It must not write.
        is_of_training: Whether it tells of training, which a folder of answers made elsewhere has not.
    """

    name: str
    filename: str
    title: str
    write: Callable[[RunDir], str | bytes | None]
    is_of_training: bool = False
