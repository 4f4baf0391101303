"""A study: many runs that belong together, with one record (``study.json``) and one report.

A study is a folder beside its runs. Each of its cells is an ordinary run directory, named after the study
and the cell, so every verb works on it; what is said of all of them together stands in the study's folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from aliquot.core.files import write_file
from aliquot.core.records import decode, encode_pretty

StudyKind = Literal["folds", "curve", "bench"]
"""``folds``: cross-validation; ``curve``: a learning curve; ``bench``: bases by data sets by seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of a study.

    Attributes:
        cell_id: Short name within the study: ``fold-2``.
        run_id: Name of its run directory, beside the study's folder.
        values: The settings that this cell changes, by full name: ``{"data.fold": "2/5"}``.
        data: The data set, a file by its absolute path.
        data_sha256: Hash of the data set.
        base: Name of the base model, once it is known.
        problem: Why the cell has no result; empty where nothing went wrong.
    """

    cell_id: str
    run_id: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    data: str
    data_sha256: str
    base: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Which runs belong together: ``study.json``.

    Attributes:
        command: What to type to get this study again.
        settings: The settings of all cells as the user gave them, in groups.
        cells: In the order in which they are run.
        shared_sha256: Hash of each file of answers that was copied from another cell instead of computed
            again, by run and path within it: ``<run_id>/predictions/base.test.jsonl``.
    """

    schema_version: int
    study_id: str
    kind: StudyKind
    created_at: str
    aliquot_version: str
    command: str
    settings: dict[str, Any]
    cells: tuple[Cell, ...]
    shared_sha256: dict[str, str] = field(default_factory=dict)

    def with_cell(self, cell: Cell) -> Study:
        """Return the study with another record of one of its cells."""
        cells = tuple(cell if one.cell_id == cell.cell_id else one for one in self.cells)
        return replace(self, cells=cells)


@dataclass(frozen=True, slots=True)
class StudyDir:
    """Paths and the record of a study."""

    path: Path

    @property
    def study_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def record_path(self) -> Path:
        """``study.json``."""
        return self.path / "study.json"

    @property
    def report_path(self) -> Path:
        """``report.html``, the page for people."""
        return self.path / "report.html"

    @property
    def report_json_path(self) -> Path:
        """``report.json``, what the page shows, as a record of the study's kind."""
        return self.path / "report.json"

    def run_path(self, cell: Cell) -> Path:
        """The run directory of a cell, beside the study."""
        return self.path.with_name(cell.run_id)

    def read(self) -> Study:
        """Return the record.

        Raises:
            RunError: It is damaged.
        """
        return decode(self.record_path.read_bytes(), Study, str(self.record_path))

    def save(self, study: Study) -> None:
        """Publish the record."""
        write_file(self.record_path, encode_pretty(study))
