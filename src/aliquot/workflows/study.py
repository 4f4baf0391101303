"""Studies: the runs of all cells are created at once, then brought to their end one after another.

Every cell is a job of its own from the start: `aliquot resume RUN` brings it to its end on any machine that
sees the folder, and a study finds what others have done. What is said of all cells together belongs to the
kind of study: see ``crossval.py`` and ``bench.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.config.places import default_runs_dir
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import decode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.core.study import Cell, Study, StudyDir, StudyKind
from aliquot.errors import InputError, RunError
from aliquot.version import __version__
from aliquot.workflows.cells import PlanCell, bring_cells_to_end, create_runs, tell_total
from aliquot.workflows.create import run_id
from aliquot.workflows.find import list_collections
from aliquot.workflows.go_on import is_done
from aliquot.workflows.surroundings import Surroundings

RECORD = "study.json"
MAX_CELLS = 1000


@dataclass(frozen=True, slots=True)
class Reporting:
    """How a kind of study reports.

    Attributes:
        record: What its ``report.json`` holds.
        write: Writes the report from the answers that there are, and returns the paths, the page for people
            first; none before a cell has a result.
    """

    record: type[Any]
    write: Callable[[StudyDir], tuple[Path, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult(ShownInNotebook):
    """What a study came to so far.

    Attributes:
        runs: The run directories of its cells.
        report: The joint report, a record of the study's kind; None before a cell has a result.
        files: What was written into its folder, the page for people first.
        problems: Why a cell has no result, by cell.
        waiting: What to do next, where the runs were created and not started; else empty.
    """

    study_id: str
    kind: StudyKind
    path: str
    runs: tuple[str, ...]
    report: Any
    files: tuple[str, ...]
    problems: dict[str, str]
    waiting: str = ""


def begin_study(
    kind: StudyKind,
    cells: Sequence[Cell],
    *,
    command: str,
    settings: Mapping[str, Any],
    runs_dir: Path | None,
    within: Surroundings,
) -> StudyDir:
    """Create the folder of a study, or return that of an unfinished one of the same cells and settings.

    Args:
        kind: What the cells are.
        cells: In the order in which they are run; their run names are given here.
        command: What to type to get this study again.
        settings: The settings of all cells as the user gave them, in groups.
        runs_dir: Where runs are made.
        within: The surroundings.

    Raises:
        InputError: There are no cells, or more than a thousand (``study_too_large``).
    """
    if not 0 < len(cells) <= MAX_CELLS:
        raise InputError(
            f"Found {len(cells):,} runs for one study, expected 1 to {MAX_CELLS:,}.",
            code="study_too_large",
            location=command,
            hint="Ask for fewer folds, sizes, seeds, bases or files.",
        )
    if unfinished := _find_unfinished(kind, cells, settings, runs_dir):
        return unfinished
    now = within.now()
    study_dir = StudyDir((runs_dir or default_runs_dir()) / run_id(now, cells[0].data, within.token()))
    study = Study(
        schema_version=SCHEMA_VERSION,
        study_id=study_dir.study_id,
        kind=kind,
        created_at=now.isoformat(timespec="seconds"),
        aliquot_version=__version__,
        command=command,
        settings=dict(settings),
        cells=tuple(replace(cell, run_id=f"{study_dir.study_id}-{cell.cell_id}") for cell in cells),
    )
    study_dir.save(study)
    return study_dir


def carry_out(
    study_dir: StudyDir, reporting: Reporting, plan_cell: PlanCell, within: Surroundings, *, create_only: bool
) -> StudyResult:
    """Create the runs that are missing, bring all to their ends unless they are only created, and report.

    Raises:
        AliquotError: No cell can be planned, or what `bring_cells_to_end` and the report raise.
    """
    create_runs(study_dir, plan_cell, within)
    tell_total(study_dir, within)
    if not create_only:
        bring_cells_to_end(study_dir, within, reporting.write)
    files = reporting.write(study_dir)
    path = study_dir.report_json_path
    report = decode(path.read_bytes(), reporting.record, str(path)) if path.is_file() else None
    return result_of(study_dir, report, files)


def write_files(files: Mapping[Path, str | bytes]) -> tuple[Path, ...]:
    """Write what a study reports, and return the paths in the same order."""
    for path, content in files.items():
        write_file(path, content)
    return tuple(files)


def settings_of(given: GivenSettings) -> dict[str, Any]:
    """Return settings as they are stored: in groups, as given, without what is automatic."""
    return given.settings.model_dump(exclude_none=True, exclude_defaults=True)


def result_of(study_dir: StudyDir, report: Any, files: Sequence[Path]) -> StudyResult:
    """Return what a study came to.

    Args:
        study_dir: The study.
        report: The joint report, None before a cell has a result.
        files: What was written into its folder.
    """
    study = study_dir.read()
    runs = [study_dir.run_path(cell) for cell in study.cells]
    is_waiting = not any(RunDir(path).events_path.is_file() for path in runs)
    return StudyResult(
        study_id=study.study_id,
        kind=study.kind,
        path=str(study_dir.path),
        runs=tuple(str(path) for path in runs if path.is_dir()),
        report=report,
        files=tuple(map(str, files)),
        problems=list_problems(study),
        waiting=_say_waiting(study) if is_waiting else "",
    )


def list_problems(study: Study) -> dict[str, str]:
    """Return why cells have no result, by cell."""
    return {cell.cell_id: cell.problem for cell in study.cells if cell.problem}


def _say_waiting(study: Study) -> str:
    return (
        f"{len(study.cells)} runs wait. `aliquot resume RUN` brings one to its end, on any machine that sees "
        f"this folder; `aliquot resume {study.study_id}` brings all to theirs and reports."
    )


def _find_unfinished(
    kind: StudyKind, cells: Sequence[Cell], settings: Mapping[str, Any], runs_dir: Path | None
) -> StudyDir | None:
    """Return the newest study of the same cells and settings that is not at its end."""
    wanted = (kind, [_identity(cell) for cell in cells], dict(settings))
    for folder in reversed(list_collections(runs_dir, RECORD)):
        study_dir = StudyDir(folder)
        try:
            study = study_dir.read()
        except RunError:  # damaged; `aliquot runs list` says so
            continue
        is_same = (study.kind, [_identity(cell) for cell in study.cells], study.settings) == wanted
        if is_same and not all(is_done(RunDir(study_dir.run_path(cell))) for cell in study.cells):
            return study_dir
    return None


def _identity(cell: Cell) -> tuple[Any, ...]:
    return cell.cell_id, cell.values, cell.data_sha256, cell.base
