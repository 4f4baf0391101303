"""The verb ``resume``: go on from the last checkpoint, or follow a run that is still at work."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.seeds import GroupDir
from aliquot.core.sweep import SweepDir
from aliquot.workflows.find import find_collection, find_run
from aliquot.workflows.follow import RunResult
from aliquot.workflows.go_on import bring_to_end
from aliquot.workflows.seeds import SeedsResult, resume_seeds
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.sweep import SweepResult, resume_sweep


def resume(
    run: Path | str,
    *,
    from_start: bool = False,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
) -> RunResult | SeedsResult | SweepResult:
    """Bring a run to its end; what was done is kept and the result is the same as without the interruption.

    A run that is at work is followed. A finished one is scored and reported again if something is missing.

    Args:
        run: Name of the run, the beginning of one, its folder, or ``last``. A group of seeds goes on with
            the seeds that are missing, a sweep with the trials that are missing.
        from_start: Forget the checkpoints of a run and train from step 0, when all are damaged.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        RunError: No such run, or it was cancelled.
        Interrupted: It was stopped again.
    """
    within = within or Surroundings()
    if group := find_collection(run, runs_dir, "seeds.json"):
        return resume_seeds(GroupDir(group), within)
    if folder := find_collection(run, runs_dir, "sweep.json"):
        return resume_sweep(SweepDir(folder), within)
    return bring_to_end(find_run(run, runs_dir), within, from_start=from_start)
