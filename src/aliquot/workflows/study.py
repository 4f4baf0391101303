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

from aliquot.config.given import GivenSettings, add_flags, load_given
from aliquot.config.places import default_runs_dir
from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import decode
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.core.study import Cell, Study, StudyDir, StudyKind
from aliquot.errors import AliquotError, InputError, Interrupted, MachineError, RunError
from aliquot.export.wording import count, rough_duration
from aliquot.version import __version__
from aliquot.workflows.create import create_run, run_id
from aliquot.workflows.find import list_collections
from aliquot.workflows.go_on import bring_to_end, is_done
from aliquot.workflows.plan import Planned, make_plan, replan
from aliquot.workflows.setting_names import flatten
from aliquot.workflows.share import share_answers
from aliquot.workflows.surroundings import Surroundings

RECORD = "study.json"
SEED = "train.seed"
"""The one setting of a cell that needs no new look at the data."""
MAX_CELLS = 1000

PlanCell = Callable[[Cell], Planned]


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
    if not create_only:
        bring_cells_to_end(study_dir, within, reporting.write)
    files = reporting.write(study_dir)
    path = study_dir.report_json_path
    report = decode(path.read_bytes(), reporting.record, str(path)) if path.is_file() else None
    return result_of(study_dir, report, files)


def as_cell(planned: Planned, cell_id: str, values: Mapping[str, Any]) -> Cell:
    """Return the cell of a study whose run has the data and the base of a plan, and these values."""
    report = planned.checked.report
    path = Path(report.file)
    return Cell(
        cell_id=cell_id,
        values=dict(values),
        data=str(path.absolute()) if path.exists() else report.file,
        data_sha256=report.file_sha256,
        base=planned.resolved.plan.base,
    )


def write_files(files: Mapping[Path, str | bytes]) -> tuple[Path, ...]:
    """Write what a study reports, and return the paths in the same order."""
    for path, content in files.items():
        write_file(path, content)
    return tuple(files)


def settings_of(given: GivenSettings) -> dict[str, Any]:
    """Return settings as they are stored: in groups, as given, without what is automatic."""
    return given.settings.model_dump(exclude_none=True, exclude_defaults=True)


def plan_cells(study_dir: StudyDir, within: Surroundings, given: GivenSettings | None = None) -> PlanCell:
    """Return what plans a cell: its data set under the settings of the study and its own values.

    Cells that differ in the training seed alone share one look at the data.

    Args:
        study_dir: The study.
        within: The surroundings; they hear what takes a while, but neither reports nor plans.
        given: The settings of the study; read from its record by default.
    """
    settings = given or load_given(None, flatten(study_dir.read().settings))
    quiet = replace(within, tell=lambda news: None if _is_record(news) else within.tell(news))
    runs_dir = study_dir.path.parent
    known: dict[str, Planned] = {}

    def plan_cell(cell: Cell) -> Planned:
        values = {name: value for name, value in cell.values.items() if name != SEED}
        key = repr((cell.data, cell.base, sorted(values.items())))
        if key not in known:
            known.clear()  # cells that share a look stand together; one table in memory is enough
            known[key] = _plan(cell, add_flags(settings, values, origin="study"), quiet, runs_dir)
        planned = known[key]
        return replan(planned, {SEED: cell.values[SEED]}, origin="study") if SEED in cell.values else planned

    return plan_cell


def create_runs(study_dir: StudyDir, plan_cell: PlanCell, within: Surroundings) -> None:
    """Create the run directory of every cell that has none.

    A cell that cannot be planned is a problem in the record and keeps no other from being created.

    Raises:
        AliquotError: No cell can be planned.
    """
    errors: list[AliquotError] = []
    study = study_dir.read()
    for cell in study.cells:
        if study_dir.run_path(cell).is_dir():
            continue
        try:
            planned = plan_cell(cell)
            _require_same_data(cell, planned)
            create_run(planned, study_dir.path.parent, within, name=cell.run_id)
            _note_problem(study_dir, cell, "")
        except Interrupted:
            raise
        except AliquotError as error:
            within.tell(f"{cell.cell_id} cannot be run: {error.message}")
            _note_problem(study_dir, cell, error.message)
            errors.append(error)
    if len(errors) == len(study.cells):
        raise errors[0]


def bring_cells_to_end(
    study_dir: StudyDir, within: Surroundings, before_each: Callable[[StudyDir], object]
) -> Study:
    """Bring every cell to its end, one after another, and return the record.

    Args:
        study_dir: The study, whose runs exist.
        within: The surroundings.
        before_each: Called before a cell is run, not for one that has ended: renews the report of all before
            it, and finds out before the first training whether there can be one.

    Raises:
        Interrupted: It was stopped; `aliquot resume` or the same command goes on.
        MachineError: The disk is full (``disk_full``); the same.
        RunError: No cell has a result (``study_failed``).
    """
    cells = study_dir.read().cells
    within.tell(f"study {study_dir.study_id}, report {study_dir.report_path}")
    _tell_total([RunDir(study_dir.run_path(cell)) for cell in cells], within)
    for number, cell in enumerate(cells, start=1):
        run_dir = RunDir(study_dir.run_path(cell))
        place = f"{cell.cell_id} ({number} of {len(cells)})"
        if not run_dir.path.is_dir():
            within.tell(f"{place} has no run: {cell.problem}")
            continue
        if is_done(run_dir):
            within.tell(f"{place} is {run_dir.state().value} already.")
            _note_problem(study_dir, cell, "" if _has_finished(run_dir) else "The run was cancelled.")
        else:
            before_each(study_dir)
            within.tell(f"{place}, run {run_dir.run_id}")
            _share(study_dir, run_dir)
            _note_problem(study_dir, cell, _run_cell(study_dir, cell, within))
    return _require_result(study_dir)


def _tell_total(run_dirs: Sequence[RunDir], within: Surroundings) -> None:
    """Tell how long the open runs take; each was planned for its own rows."""
    waiting = [one for one in run_dirs if one.path.is_dir() and not is_done(one)]
    if not waiting:
        return
    estimates = [one.read_spec().plan.estimate for one in waiting]
    training = rough_duration(sum(one.train_s for one in estimates))
    answers = rough_duration(sum(one.predict_s for one in estimates))
    within.tell(
        f"{count(len(waiting), 'run')}, one after another: training {training}, answers {answers} in all."
    )


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


def _has_finished(run_dir: RunDir) -> bool:
    """Whether a run has ended well."""
    return run_dir.state() is RunState.FINISHED


def _is_record(news: object) -> bool:
    return type(news).__name__ in ("DataReport", "Plan")


def _plan(cell: Cell, given: GivenSettings, within: Surroundings, runs_dir: Path) -> Planned:
    planned = make_plan(cell.data, given, within, runs_dir)
    if cell.base and planned.resolved.plan.base != cell.base:  # a rule chose another for these rows
        given = add_flags(given, {"base": cell.base}, origin="study")
        planned = make_plan(cell.data, given, within, runs_dir)
    return planned


def _require_same_data(cell: Cell, planned: Planned) -> None:
    if planned.checked.report.file_sha256 != cell.data_sha256:
        raise InputError(
            "The data file has changed since this study was begun; its cells would not share their rows.",
            code="data_changed",
            location=cell.data,
            hint="Put the old file back, or start a new study.",
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


def _share(study_dir: StudyDir, run_dir: RunDir) -> None:
    """Copy from other cells the answers that this one has in common with them; keep their hashes."""
    study = study_dir.read()
    copied = share_answers((RunDir(study_dir.run_path(cell)) for cell in study.cells), run_dir)
    if copied:
        named = {f"{run_dir.run_id}/{place}": sha256 for place, sha256 in copied.items()}
        study_dir.save(replace(study, shared_sha256=study.shared_sha256 | named))


def _run_cell(study_dir: StudyDir, cell: Cell, within: Surroundings) -> str:
    """Bring one cell to its end; return why it has no result: one that fails does not stop the others."""
    try:
        bring_to_end(RunDir(study_dir.run_path(cell)), within)
    except Interrupted as stop:
        raise Interrupted(
            f"{stop.message} {cell.cell_id} was at work; cells that have ended stay.",
            code=stop.code,
            location=study_dir.study_id,
            hint=f"The same command or `aliquot resume {study_dir.path}` goes on from there.",
        ) from stop
    except AliquotError as error:
        if error.code == "disk_full":  # says nothing of the cell, which goes on once there is room
            raise MachineError(
                f"{error.message} {cell.cell_id} was at work; cells that have ended stay.",
                code=error.code,
                location=study_dir.study_id,
                hint=f"Make room; then the same command or `aliquot resume {study_dir.path}` goes on.",
            ) from error
        within.tell(f"{cell.cell_id} has no result: {error.message}")
        return error.message
    return ""


def _note_problem(study_dir: StudyDir, cell: Cell, problem: str) -> None:
    study = study_dir.read()
    found = next(one for one in study.cells if one.cell_id == cell.cell_id)
    if found.problem != problem:
        study_dir.save(study.with_cell(replace(found, problem=problem)))


def _require_result(study_dir: StudyDir) -> Study:
    study = study_dir.read()
    if all(cell.problem for cell in study.cells):
        raise RunError(
            f"None of the {len(study.cells)} cells has a result: {study.cells[0].problem}",
            code="study_failed",
            location=str(study_dir.path),
            hint=f"`aliquot resume {study_dir.path}` tries them again.",
        )
    return study
