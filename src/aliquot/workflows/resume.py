"""The verb ``resume``: go on from the last checkpoint, or follow a run that is still at work."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import RunResult, follow, start_worker
from aliquot.workflows.surroundings import Surroundings


def resume(run: Path | str, *, runs_dir: Path | None = None, within: Surroundings | None = None) -> RunResult:
    """Bring a run to its end; what was done is kept and the result is the same as without the interruption.

    A run that is at work is followed. A finished one is scored and reported again if something is missing.

    Args:
        run: Name of the run, the beginning of one, its folder, or ``last``.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        RunError: No such run, or it was cancelled.
        Interrupted: It was stopped again.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir)
    require_resumable(run_dir)
    if within.target.is_alive(run_dir):
        within.tell(f"Run {run_dir.run_id} is at work; following it.")
    else:
        _start_again(run_dir, within)
    return follow(run_dir, within)


def require_resumable(run_dir: RunDir) -> None:
    """Refuse a run that was cancelled.

    Raises:
        RunError: With what to do instead.
    """
    if run_dir.state() is RunState.CANCELLED:
        raise RunError(
            "This run was cancelled for good.",
            code="cancelled",
            location=run_dir.run_id,
            hint=f"Start a new one: `{run_dir.read_spec().command}`.",
        )


def _is_incomplete(run_dir: RunDir) -> bool:
    """Whether a planned stage is missing: a worker that was asked for one only ends well all the same."""
    planned = run_dir.read_spec().prediction
    pairs = [(model, split) for model in planned.models for split in planned.splits]
    return run_dir.find_weights_dir() is None or not set(pairs) <= set(run_dir.list_predictions())


def _start_again(run_dir: RunDir, within: Surroundings) -> None:
    if not any(model == "majority" for model, _ in run_dir.list_predictions()):
        save_baselines(run_dir)
    if run_dir.state() is not RunState.FINISHED or _is_incomplete(run_dir):
        within.tell(f"Resuming {run_dir.run_id}.")
        start_worker(run_dir, within)
