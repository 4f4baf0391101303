"""The verb ``evaluate``: score every answer there is, again, from the files alone. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.workflows.find import find_run


def evaluate(run: Path | str, *, runs_dir: Path | None = None) -> EvaluationReport:
    """Score a run's answers to its test rows and compare its models.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        runs_dir: Where runs are.

    Raises:
        RunError: No such run, or no model has answered yet (``no_predictions``).
    """
    run_dir = find_run(run, runs_dir)
    if not run_dir.list_predictions():
        raise RunError(
            "No model has answered the test rows of this run.",
            code="no_predictions",
            location=run_dir.run_id,
            hint=f"`aliquot predict {run_dir.path}` lets its models answer.",
        )
    return evaluate_run(run_dir)


def has_new_predictions(run_dir: RunDir) -> bool:
    """Whether a prediction file is newer than the scores, or there are no scores."""
    scored_at = run_dir.scores_path.stat().st_mtime_ns if run_dir.scores_path.is_file() else 0
    paths = [run_dir.predictions_path(*pair) for pair in run_dir.list_predictions() if pair[1] == "test"]
    return any(path.stat().st_mtime_ns >= scored_at for path in paths)
