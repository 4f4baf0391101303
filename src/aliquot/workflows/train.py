"""The verb ``train``: check, plan and train, without letting any model answer held-out rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aliquot.workflows.check import read_settings
from aliquot.workflows.create import open_run, require_writable
from aliquot.workflows.follow import RunResult, follow, start_worker
from aliquot.workflows.plan import make_plan
from aliquot.workflows.refresh import refresh
from aliquot.workflows.surroundings import Surroundings


def train(
    data: Path | str,
    *,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **settings: Any,
) -> RunResult:
    """Tune a base model on a data file; ``predict`` and ``evaluate`` can follow later, or ``resume``.

    Args:
        data: The file.
        config: A settings file.
        runs_dir: Where the run directory is made.
        within: The surroundings, for tests.
        settings: Settings by name.

    Raises:
        AliquotError: Anything that keeps the training from finishing, with the remedy.
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    planned = make_plan(data, read_settings(config, settings), within, runs_dir)
    run_dir = open_run(planned, runs_dir, within)
    refresh(run_dir)
    start_worker(run_dir, within, stages=["train"])
    return follow(run_dir, within)
