"""Paired comparisons between the tuned models of several runs that answered the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from aliquot.core.result import Comparison
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import RunError
from aliquot.evaluation.compare import Contest, compare_models
from aliquot.evaluation.evaluate import Scored, plan_resampling, score_split
from aliquot.evaluation.measure import measure

TUNED = "tuned"


def compare_tuned(runs: Sequence[RunDir], *, split: str = "test") -> list[Comparison]:
    """Return the best run's tuned model against that of each other run, in the words of their bases.

    The primary metric, the interval's confidence and the resamples are those of the first run.

    Raises:
        RunError: Two runs have other rows, or one's tuned model has not answered (``runs_differ``).
    """
    scored = score_same_rows(runs, split=split)
    first = scored[0]
    names = _name(runs, scored)
    answers = {name: one.answers[TUNED] for name, one in zip(names, scored, strict=True)}
    confidence = first.spec.evaluation.confidence
    resampling = plan_resampling(first.spec, [row.group for row in first.rows])
    samples = {
        name: found[first.primary.name].sample
        for name, found in measure(answers, [first.primary], resampling, confidence).items()
    }
    sign = 1 if first.primary.direction == "higher" else -1
    best = max(names, key=lambda name: sign * samples[name].value)
    contest = Contest(
        metric=first.primary,
        answers=answers,
        resampled=samples,
        resampling=resampling,
        confidence=confidence,
        task_type=first.spec.task.task_type,
    )
    # Which run is the best is known from these very items, so the family is all pairs, not the best one's.
    others = [name for name in names if name != best]
    pairs = [(best, name) for name in others]
    found = compare_models(contest, [*pairs, *combinations(others, 2)])
    return [comparison for comparison in found if best in (comparison.model, comparison.other)]


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


def _name(runs: Sequence[RunDir], scored: Sequence[Scored]) -> list[str]:
    """Return the bases' names where they tell the runs apart, else the runs' names, else their folders."""
    bases = [one.spec.plan.base if isinstance(one.spec, Spec) else "" for one in scored]
    run_ids = [run.run_id for run in runs]
    paths = [str(run.path) for run in runs]
    return next(names for names in (bases, run_ids, paths) if len(set(names)) == len(names) or names is paths)


def _differ(run: RunDir, reason: str) -> RunError:
    return RunError(
        f"Runs are compared on the same rows, and this one cannot be: {reason}.",
        code="runs_differ",
        location=run.run_id,
        hint="Compare runs of one file with the same split; `aliquot predict` lets a tuned model answer.",
    )
