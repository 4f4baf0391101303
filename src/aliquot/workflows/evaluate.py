"""The verb ``evaluate``: score every answer there is, again, from the files alone. Needs no torch."""

from __future__ import annotations

from pathlib import Path

from aliquot.core.dataset import SPLITS
from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.workflows.find import find_run


def evaluate(run: Path | str, *, split: str = "test", runs_dir: Path | None = None) -> EvaluationReport:
    """Score a run's predictions and compare its models.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        split: The split whose answers are scored.
        runs_dir: Where runs are.

    Raises:
        InputError: There is no split of that name.
        RunError: No such run, or it has no predictions of this split.
    """
    if split not in SPLITS:
        raise InputError(
            f"{split!r} is no split.",
            code="unknown_split",
            location="--split",
            hint=f"The splits are {', '.join(SPLITS)}.",
        )
    run_dir = find_run(run, runs_dir)
    if all(answered != split for _, answered in run_dir.list_predictions()):
        raise RunError(
            f"No model has answered the {split} rows of this run.",
            code="no_predictions",
            location=run_dir.run_id,
            hint=f"`aliquot predict {run_dir.path}` lets its models answer the test rows.",
        )
    return evaluate_run(run_dir, split=split)


def has_new_predictions(run_dir: RunDir, split: str = "test") -> bool:
    """Whether a prediction file is newer than the scores, or there are no scores."""
    scored_at = run_dir.scores_path.stat().st_mtime_ns if run_dir.scores_path.is_file() else 0
    paths = [run_dir.predictions_path(*pair) for pair in run_dir.list_predictions() if pair[1] == split]
    return any(path.stat().st_mtime_ns >= scored_at for path in paths)
