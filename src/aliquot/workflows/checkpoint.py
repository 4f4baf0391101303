"""The verb ``checkpoint``: save a run that is training now, without stopping it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.run import Event
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.workflows.find import find_run
from aliquot.workflows.surroundings import Doing, Surroundings
from aliquot.workflows.watch import LOOK_S, request


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCheckpoint(ShownInNotebook):
    """A checkpoint that was asked for.

    Attributes:
        path: Its folder.
    """

    run_id: str
    step: int
    path: str


def checkpoint(
    run: Path | str, *, runs_dir: Path | None = None, within: Surroundings | None = None
) -> SavedCheckpoint:
    """Let a run that is training save a checkpoint after its present step, and go on.

    Args:
        run: Name of the run, the beginning of one, its folder, or ``last``.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        RunError: No such run, or it is not training (``not_training``).
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir, is_trained=True)
    if not within.target.is_alive(run_dir) or not _is_training(run_dir):
        raise _not_training(run_dir)
    seen = len(run_dir.read_events())
    request(run_dir, "checkpoint")
    within.tell(Doing("Waiting for the worker to end its step"))
    while True:
        # Asked before the events are read, so that the last ones of a worker are not missed.
        is_alive = within.target.is_alive(run_dir)
        saved = next((e for e in run_dir.read_events()[seen:] if e.kind == "checkpoint"), None)
        if saved:
            return _as_saved(run_dir, saved)
        if not is_alive or not _is_training(run_dir):
            (run_dir.requests_dir / "checkpoint").unlink(missing_ok=True)
            raise _not_training(run_dir)
        within.sleep(LOOK_S)


def _is_training(run_dir: RunDir) -> bool:
    """Whether training is, or may still become, the stage at work."""
    return run_dir.find_weights_dir() is None


def _as_saved(run_dir: RunDir, event: Event) -> SavedCheckpoint:
    path = run_dir.checkpoints_dir / Path(str(event.data["path"])).name
    return SavedCheckpoint(run_id=run_dir.run_id, step=event.data["step"], path=str(path))


def _not_training(run_dir: RunDir) -> RunError:
    return RunError(
        f"This run is not training now ({run_dir.state()}), so there is nothing to save: trained weights and "
        "answers are kept as they come.",
        code="not_training",
        location=run_dir.run_id,
        hint="`aliquot runs list` shows what is at work.",
    )
