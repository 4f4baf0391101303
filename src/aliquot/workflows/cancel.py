"""The verb ``cancel``: end a run for good, or stop it so that it can be resumed."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import start_worker
from aliquot.workflows.runs import RunSummary, summarise
from aliquot.workflows.surroundings import Doing, Surroundings
from aliquot.workflows.watch import LOOK_S, request

PATIENCE_S = {"cancel": 8.0, "stop": 120.0}
"""How long a worker may take to come to the end of its step before it is killed, by wish. A cancelled run has
nothing to save; one that is stopped loses what follows its last checkpoint."""


def cancel(
    run: Path | str, *, stop: bool = False, runs_dir: Path | None = None, within: Surroundings | None = None
) -> RunSummary:
    """End a run and return what became of it; its files stay.

    Args:
        run: Name of the run, the beginning of one, its folder, or ``last``.
        stop: Only stop it, with a checkpoint, so that ``resume`` can go on.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        RunError: No such run, or it has ended already.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir, is_trained=True)
    _require_open(run_dir, within, stop=stop)
    wish = "stop" if stop else "cancel"
    if within.target.is_alive(run_dir):
        request(run_dir, wish)
        within.tell(Doing("Waiting for the worker to end its step"))
        _wait(run_dir, within, PATIENCE_S[wish])
    if not run_dir.state().is_final and wish == "cancel":
        start_worker(run_dir, within, wish=wish)  # only a worker writes the state, so one is started for it
        _wait(run_dir, within, PATIENCE_S["stop"])
    return summarise(run_dir)


def _require_open(run_dir: RunDir, within: Surroundings, *, stop: bool) -> None:
    state = run_dir.state()
    if not state.is_final and not (stop and not within.target.is_alive(run_dir)):
        return
    raise RunError(
        f"This run is not at work ({state})." if stop else f"This run has ended already ({state}).",
        code="run_has_ended",
        location=run_dir.run_id,
        hint="`aliquot runs list` shows what is at work.",
    )


def _wait(run_dir: RunDir, within: Surroundings, patience_s: float) -> None:
    """Wait until the worker has left; kill it when it does not come to the end of its step.

    Waits are counted, not read from a clock: that one may be set meanwhile.
    """
    num_looks = 0
    while within.target.is_alive(run_dir):
        if num_looks * LOOK_S > patience_s:
            within.tell(f"The worker did not answer for {patience_s:.0f} s; ending it.")
            within.target.kill(run_dir)
        within.sleep(LOOK_S)
        num_looks += 1
