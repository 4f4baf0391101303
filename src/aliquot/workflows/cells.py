"""The cells of a study: each is planned, created as a run of its own, and brought to its end.

A cell that cannot be planned or fails is a problem in the record and keeps no other from its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aliquot.config.given import GivenSettings, add_flags, load_given
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.core.study import Cell, Study, StudyDir
from aliquot.errors import AliquotError, InputError, Interrupted, RunError
from aliquot.export.wording import count, rough_duration
from aliquot.workflows.create import create_run
from aliquot.workflows.go_on import bring_to_end, is_done
from aliquot.workflows.part import try_part
from aliquot.workflows.plan import Planned, make_plan, replan
from aliquot.workflows.setting_names import flatten
from aliquot.workflows.share import share_answers
from aliquot.workflows.surroundings import Surroundings

SEED = "train.seed"
"""The one setting of a cell that needs no new look at the data."""

PlanCell = Callable[[Cell], Planned]


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


def tell_total(study_dir: StudyDir, within: Surroundings) -> None:
    """Tell how long the open runs take; each was planned for its own rows."""
    run_dirs = [RunDir(study_dir.run_path(cell)) for cell in study_dir.read().cells]
    waiting = [one for one in run_dirs if one.path.is_dir() and not is_done(one)]
    if not waiting:
        return
    estimates = [one.read_spec().plan.estimate for one in waiting]
    training = rough_duration(sum(one.train_s for one in estimates))
    answers = rough_duration(sum(one.predict_s for one in estimates))
    within.tell(
        f"{count(len(waiting), 'run')}, one after another: training {training}, answers {answers} in all."
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


def _share(study_dir: StudyDir, run_dir: RunDir) -> None:
    """Copy from other cells the answers that this one has in common with them; keep their hashes."""
    study = study_dir.read()
    copied = share_answers((RunDir(study_dir.run_path(cell)) for cell in study.cells), run_dir)
    if copied:
        named = {f"{run_dir.run_id}/{place}": sha256 for place, sha256 in copied.items()}
        study_dir.save(replace(study, shared_sha256=study.shared_sha256 | named))


def _run_cell(study_dir: StudyDir, cell: Cell, within: Surroundings) -> str:
    """Bring one cell to its end; return why it has no result: one that fails does not stop the others."""
    run_dir = RunDir(study_dir.run_path(cell))
    error = try_part(
        lambda: bring_to_end(run_dir, within), cell.cell_id, others="cells", whole=study_dir.path
    )
    if error is None:
        return ""
    within.tell(f"{cell.cell_id} has no result: {error.message}")
    return error.message


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
