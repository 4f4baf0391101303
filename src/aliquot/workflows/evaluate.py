"""The verb ``evaluate``: score every answer there is, again, from the files alone. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.evaluate import evaluate_run, hash_predictions
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
    """Whether answers to the test rows are other than those that were scored."""
    report = run_dir.find_report()
    return hash_predictions(run_dir) != (report.predictions_sha256 if report else {})
