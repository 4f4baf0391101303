"""The verb ``resume``: go on from the last checkpoint, or follow a run that is still at work."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.seeds import GroupDir
from aliquot.core.study import StudyDir
from aliquot.core.sweep import SweepDir
from aliquot.errors import InputError
from aliquot.workflows.find import find_collection, find_run
from aliquot.workflows.follow import RunResult
from aliquot.workflows.go_on import bring_to_end
from aliquot.workflows.seeds import SeedsResult, resume_seeds
from aliquot.workflows.studies import resume_study
from aliquot.workflows.study import RECORD, StudyResult
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.sweep import SweepResult, resume_sweep


def resume(
    run: Path | str,
    *,
    from_start: bool = False,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
) -> RunResult | SeedsResult | SweepResult | StudyResult:
    """Bring a run to its end; what was done is kept and the result is the same as without the interruption.

    A run that is at work is followed. A finished one is scored and reported again if something is missing.

    Args:
        run: Name of the run, the beginning of one, its folder, or ``last``. A group of seeds goes on with
            the seeds that are missing, a sweep with its trials, a study with its cells.
        from_start: Forget the checkpoints of a run and train from step 0, when all are damaged.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        InputError: ``from_start`` was asked of a group, a sweep or a study.
        RunError: No such run, or it was cancelled.
        Interrupted: It was stopped again.
    """
    within = within or Surroundings()
    group, trials, study = (
        find_collection(run, runs_dir, name) for name in ("seeds.json", "sweep.json", RECORD)
    )
    if from_start and (whole := group or trials or study):
        what = "a group of seeds" if group else "a sweep" if trials else "a study"
        raise InputError(
            f"{whole.name} is {what}; a single run can start over.",
            code="from_start_of_one",
            location="--from-start",
            hint="Give the run whose checkpoints are damaged, by its folder.",
        )
    if group:
        return resume_seeds(GroupDir(group), within)
    if trials:
        return resume_sweep(SweepDir(trials), within)
    if study:
        return resume_study(StudyDir(study), within)
    return bring_to_end(find_run(run, runs_dir, is_trained=True), within, from_start=from_start)
