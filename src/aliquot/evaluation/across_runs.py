"""Several runs whose tuned models answered the same rows, scored."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.evaluation.scored import Scored, score_split

TUNED = "tuned"


def score_same_rows(runs: Sequence[RunDir], *, split: str = "test") -> list[Scored]:
    """Return each run's rows and answers, scored, when all have answered the same rows.

    Raises:
        RunError: Two runs have other rows, or one's tuned model has not answered (``runs_differ``).
    """
    scored = [_require_comparable(run, score_split(run, split)) for run in runs]
    for run, one in zip(runs, scored, strict=True):
        if _rows_of(one) != _rows_of(scored[0]):
            raise _differ(run, f"its {split} rows are not those of {runs[0].run_id}")
        if reading_of(one) != reading_of(scored[0]):
            raise _differ(run, f"its answers are read in another way than those of {runs[0].run_id}")
    return scored


def _require_comparable(run: RunDir, scored: Scored) -> Scored:
    if TUNED not in scored.answers:
        raise _differ(run, "its tuned model has not answered them all")
    return scored


def _rows_of(scored: Scored) -> list[tuple[str, str]]:
    return [(row.example_id, row.reference) for row in scored.rows]


def reading_of(scored: Scored) -> tuple[object, ...]:
    """Return all that decides how answers are read; runs whose answers are read alike have it in common."""
    evaluation, task = scored.spec.evaluation, scored.spec.task
    unlabelled = (evaluation.positive_label, evaluation.class_prior)
    return (
        task.task_type,
        task.labels,
        task.separator,
        evaluation.normaliser,
        evaluation.tolerance,
        unlabelled,
    )


def _differ(run: RunDir, reason: str) -> RunError:
    return RunError(
        f"Runs are compared on the same rows, and this one cannot be: {reason}.",
        code="runs_differ",
        location=run.run_id,
        hint="Compare runs of one file with the same split; `aliquot predict` lets a tuned model answer.",
    )
