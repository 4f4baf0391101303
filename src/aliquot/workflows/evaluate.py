"""The verb ``evaluate``: score every answer there is, again, from the files alone. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.workflows.find import find_run


def evaluate(run: Path | str, *, split: str = "test", runs_dir: Path | None = None) -> EvaluationReport:
    """Score a run's predictions and compare its models.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        split: ``test`` or ``validation``.
        runs_dir: Where runs are.

    Raises:
        RunError: No such run, or it has no predictions of this split.
    """
    return evaluate_run(find_run(run, runs_dir), split=split)


def has_new_predictions(run_dir: RunDir, split: str = "test") -> bool:
    """Whether a model has answered since the last scoring."""
    report = run_dir.find_report()
    scored = {result.model for result in report.results} if report else set()
    return any(model not in scored for model, its_split in run_dir.list_predictions() if its_split == split)
