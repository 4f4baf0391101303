"""The verb ``runs``: list, show and delete run directories; comparing is in ``compare.py``."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from aliquot.compute.target import get_target
from aliquot.config.given import export_yaml
from aliquot.config.settings import Settings
from aliquot.core.files import translate_os_errors
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import MetricValue
from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec, Spec
from aliquot.errors import AliquotError, RunError
from aliquot.workflows.find import find_run, list_run_dirs
from aliquot.workflows.progress import RunProgress, read_progress
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.together import Together, find_together, list_together


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(ShownInNotebook):
    """One run as a line of a table.

    Attributes:
        state: As the events tell; ``running`` only while the worker is alive.
        is_interrupted: Whether the run calls itself running but its worker is gone.
        tuned: The tuned model's primary metric, when it was scored; of answers made elsewhere that of the
            model with which the others are compared.
        kind: ``run``; ``seeds``, ``sweep`` or the kind of a study for a line that stands for several runs,
            whose ``step`` counts those that have finished.
        part_of: The group or study that a run belongs to; empty for a run by itself.
    """

    run_id: str
    path: str
    state: RunState
    is_interrupted: bool
    created_at: str
    data: str
    base: str
    step: int
    num_steps: int
    tuned: MetricValue | None
    headline: str = ""
    problem: str = ""
    kind: str = "run"
    part_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails(ShownInNotebook):
    """One run in full; ``progress`` is None where nothing is trained."""

    summary: RunSummary
    progress: RunProgress | None
    spec: ScoringSpec


def list_runs(runs_dir: Path | None = None) -> tuple[RunSummary, ...]:
    """Return all runs of a folder, newest first; a damaged one is listed with its problem.

    A group of seeds, a sweep and a study have a line of their own; the runs of a group or a study follow it.
    """
    runs = {run_dir.path: _summarise_or_tell(run_dir) for run_dir in list_run_dirs(runs_dir)}
    blocks: list[list[RunSummary]] = []
    for one in list_together(runs_dir):
        members = [runs.pop(run.path) for run in one.runs if run.path in runs]
        told = [replace(member, part_of=one.path.name) for member in members]
        blocks.append([_summarise_together(one), *told])
    blocks += [[summary] for summary in runs.values()]
    blocks.sort(key=lambda block: block[0].run_id, reverse=True)
    return tuple(chain.from_iterable(blocks))


def show_run(run: Path | str, *, runs_dir: Path | None = None) -> RunDetails:
    """Return one run in full.

    Raises:
        RunError: No such run, or it is damaged.
    """
    run_dir = find_run(run, runs_dir)
    spec = run_dir.read_scoring_spec()
    progress = read_progress(run_dir) if isinstance(spec, Spec) else None
    return RunDetails(summary=summarise(run_dir), progress=progress, spec=spec)


def export_run_settings(run: Path | str, *, runs_dir: Path | None = None) -> str:
    """Return the settings that were given to a run, as a settings file.

    Raises:
        RunError: No such run.
    """
    return export_yaml(Settings.model_validate(find_run(run, runs_dir).read_scoring_spec().settings))


def delete_run(run: Path | str, *, runs_dir: Path | None = None, within: Surroundings | None = None) -> str:
    """Delete a run directory, or a group, sweep or study with all its runs, and return its name.

    Raises:
        RunError: No such run, or a worker is at work in one of them; nothing was deleted.
    """
    doomed = list_doomed(run, runs_dir)
    one = find_together(run, runs_dir)
    target = within.target if within else get_target()
    for run_dir in one.runs if one else map(RunDir, doomed):
        if run_dir.path.is_dir() and target.is_alive(run_dir):
            raise RunError(
                "This run is at work and was not deleted.",
                code="run_is_busy",
                location=run_dir.run_id,
                hint=f"`aliquot cancel {run_dir.run_id}` ends it first.",
            )
    for path in doomed:
        _delete(path)
    return doomed[-1].name


def list_doomed(run: Path | str, runs_dir: Path | None = None) -> list[Path]:
    """Return the folders that deleting would delete: a run's, or those of several runs, their record's last.

    Raises:
        RunError: No such run.
    """
    if one := find_together(run, runs_dir):
        beside = [member.path for member in one.runs if member.path.parent == one.path.parent]
        return [*(path for path in beside if path.is_dir()), one.path]
    return [find_run(run, runs_dir).path]


def _delete(path: Path) -> None:
    # Renamed first: what a crash leaves of it is then no run any more.
    doomed = path.with_name(f".{path.name}.deleted")
    with translate_os_errors(path):
        os.replace(path, doomed)
        shutil.rmtree(doomed)


def summarise(run_dir: RunDir) -> RunSummary:
    """Return a run as a line of a table.

    Raises:
        RunError: Its files are damaged.
    """
    spec = run_dir.read_scoring_spec()
    report = run_dir.find_report()
    compared = report.get_result(report.reference) if report else None
    if not isinstance(spec, Spec):
        return RunSummary(
            run_id=run_dir.run_id,
            path=str(run_dir.path),
            state=RunState.FINISHED,
            is_interrupted=False,
            created_at=spec.created_at,
            data=Path(spec.data.file).name,
            base=f"{spec.reference} (answers made elsewhere)",
            step=0,
            num_steps=0,
            tuned=compared.primary if compared else None,
            headline=report.headline if report else "",
        )
    progress = read_progress(run_dir)
    return RunSummary(
        run_id=run_dir.run_id,
        path=str(run_dir.path),
        state=progress.state,
        is_interrupted=progress.state is RunState.RUNNING and not get_target().is_alive(run_dir),
        created_at=spec.created_at,
        data=Path(spec.data.file).name,
        base=spec.plan.base,
        step=progress.step,
        num_steps=progress.num_steps,
        tuned=compared.primary if compared else None,
        headline=report.headline if report else "",
    )


def _summarise_together(one: Together) -> RunSummary:
    """Return several runs as one line: how many have finished, and what is in the way of the others."""
    states = [run.state() if run.path.is_dir() else RunState.PLANNED for run in one.runs]
    num_finished = states.count(RunState.FINISHED)
    # What needs attention is told first.
    order = (RunState.RUNNING, RunState.PAUSED, RunState.FAILED, RunState.CANCELLED, RunState.STOPPED)
    state = next((state for state in order if state in states), RunState.STOPPED)
    if num_finished in (0, len(states)) and len(set(states)) == 1:
        state = states[0]
    return RunSummary(
        run_id=one.path.name,
        path=str(one.path),
        state=state,
        is_interrupted=False,
        created_at=one.created_at,
        data=one.data,
        base=one.base,
        step=num_finished,
        num_steps=len(states),
        tuned=None,
        problem=one.problem,
        kind=one.kind,
    )


def _summarise_or_tell(run_dir: RunDir) -> RunSummary:
    try:
        return summarise(run_dir)
    except AliquotError as error:
        return RunSummary(
            run_id=run_dir.run_id,
            path=str(run_dir.path),
            state=RunState.FAILED,
            is_interrupted=False,
            created_at="",
            data="",
            base="",
            step=0,
            num_steps=0,
            tuned=None,
            problem=str(error),
        )
