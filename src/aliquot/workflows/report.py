"""The verb ``report``: write the page for people and the files for a paper, from what a run holds now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aliquot.core.run_dir import RunDir
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.export.write import write_artefacts
from aliquot.workflows.evaluate import has_new_predictions
from aliquot.workflows.find import find_run


def report(
    run: Path | str, *, only: Sequence[str] | None = None, runs_dir: Path | None = None
) -> tuple[Path, ...]:
    """Write a run's report, tables, Methods paragraph and script; return their paths.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        only: Names of the artefacts wanted; all of them by default.
        runs_dir: Where runs are.

    Raises:
        RunError: No such run.
        InputError: No artefact has that name.
    """
    run_dir = find_run(run, runs_dir)
    score_news(run_dir)
    return tuple(write_artefacts(run_dir, only))


def refresh(run_dir: RunDir) -> None:
    """Score what is new and renew the page, while the run goes on."""
    score_news(run_dir)
    write_artefacts(run_dir, ["report_html"])


def score_news(run_dir: RunDir) -> None:
    """Score the run if a model has answered since it was scored."""
    if has_new_predictions(run_dir):
        evaluate_run(run_dir)
