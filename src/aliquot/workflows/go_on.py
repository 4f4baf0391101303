"""Bring a run that exists to its end, whatever became of it before: used by every verb that goes on."""

from __future__ import annotations

from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.baselines import has_baselines, save_baselines
from aliquot.workflows.evaluate import has_new_predictions
from aliquot.workflows.follow import RunResult, follow, start_worker
from aliquot.workflows.surroundings import Surroundings


def bring_to_end(run_dir: RunDir, within: Surroundings, *, from_start: bool = False) -> RunResult:
    """Start or follow a run's worker until nothing of its plan is missing, then score and report.

    Args:
        run_dir: The run.
        within: The surroundings.
        from_start: Forget the checkpoints and train from step 0.

    Raises:
        RunError: It was cancelled, or it failed again.
        Interrupted: It was stopped again.
    """
    require_resumable(run_dir)
    if within.target.is_alive(run_dir):
        within.tell(f"Run {run_dir.run_id} is at work; following it.")
    else:
        _start_again(run_dir, within, wish="from_start" if from_start else "")
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


def is_incomplete(run_dir: RunDir) -> bool:
    """Whether a planned stage is missing: a worker that was asked for one only ends well all the same."""
    planned = run_dir.read_spec().prediction
    pairs = [(model, split) for model in planned.models for split in planned.splits]
    return run_dir.find_weights_dir() is None or not set(pairs) <= set(run_dir.list_predictions())


def is_done(run_dir: RunDir) -> bool:
    """Whether nothing is left to do for a run: it exists, has ended, lacks no planned stage, and is scored.

    A worker goes on when nobody follows it any more, and does not score what its models answered.
    """
    if not run_dir.path.is_dir() or not run_dir.state().is_final:
        return False
    if run_dir.state() is not RunState.FINISHED:
        return True
    return not is_incomplete(run_dir) and not has_new_predictions(run_dir)


def _start_again(run_dir: RunDir, within: Surroundings, wish: str) -> None:
    if not has_baselines(run_dir):
        save_baselines(run_dir)
    if run_dir.state() is not RunState.FINISHED or is_incomplete(run_dir):
        if run_dir.events_path.is_file():
            within.tell(f"Resuming {run_dir.run_id}.")
        start_worker(run_dir, within, wish=wish)
