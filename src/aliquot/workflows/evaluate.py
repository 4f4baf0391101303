"""The verb ``evaluate``: score every answer there is, from the files alone. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aliquot.core.dataset import SPLITS
from aliquot.core.result import EvaluationReport
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.evaluate import evaluate_run, hash_predictions
from aliquot.workflows.find import find_run
from aliquot.workflows.grade import JudgeOptions, grade, read_graders
from aliquot.workflows.surroundings import Surroundings


def evaluate(
    run: Path | str | Sequence[Path | str],
    *,
    against: Path | str | None = None,
    split: str = "test",
    graders: Sequence[Path | str] = (),
    judge: JudgeOptions | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **options: Any,
) -> EvaluationReport:
    """Score a run's answers to its rows and compare its models; or answers that were made elsewhere.

    Args:
        run: Name of the run, the beginning of one, or its folder. With ``against``, a file of answers, or
            one for each model.
        against: The rows that the answers are to; see ``workflows.score_answers``.
        split: Of a run: ``train``, ``validation`` or ``test``; the report page shows the test alone.
        graders: Files of graders, whose numbers become metrics of the report: JSON as OpenAI's API has them,
            or a function of your own (``my_metric.py:grade``).
        judge: The service that graders ask which are models.
        runs_dir: Where runs are.
        within: The surroundings.
        options: With ``against``: ``names``, ``columns``, ``missing`` and settings of groups ``data`` and
            ``evaluate``.

    Raises:
        RunError: No such run, or no model has answered yet (``no_predictions``).
        InputError: Answers and rows do not fit, a grader is none, or something was given that a run does not
            take.
    """
    runs = [run] if isinstance(run, str | Path) else list(run)
    within = within or Surroundings()
    if against is not None:
        from aliquot.workflows.score_answers import score_answers  # loads readers and the page

        return score_answers(
            runs, against, graders=graders, judge=judge, runs_dir=runs_dir, within=within, **options
        )
    _require_one_run(runs, options)
    read = read_graders(graders)
    run_dir = _find_answered(runs[0], split, runs_dir)
    grade(run_dir, read, judge or {}, within, split=split)
    return evaluate_run(run_dir, split=split)


def _require_one_run(runs: Sequence[Path | str], options: Mapping[str, Any]) -> None:
    if len(runs) == 1 and not options:
        return
    given = f"{len(runs)} files" if len(runs) != 1 else ", ".join(options)
    raise InputError(
        f"A run is scored as it was planned; {given} would need rows to compare with.",
        code="against_missing",
        location="--against",
        hint="Name the file whose test rows were answered: --against test.jsonl",
    )


def _find_answered(run: Path | str, split: str, runs_dir: Path | None) -> RunDir:
    run_dir = find_run(run, runs_dir)
    require_split(run_dir, split)
    if not any(answered == split for _, answered in run_dir.list_predictions()):
        flag = "" if split == "test" else f" --split {split}"
        raise RunError(
            f"No model has answered the {split} rows of this run.",
            code="no_predictions",
            location=run_dir.run_id,
            hint=f"`aliquot predict {run_dir.path}{flag}` lets its models answer.",
        )
    return run_dir


def require_split(run_dir: RunDir, split: str) -> None:
    """Refuse a split that a run does not have.

    Raises:
        InputError: Naming those it has (``unknown_split``).
    """
    if split not in SPLITS or (split != "test" and not run_dir.read_rows(split)):
        raise InputError(
            f"This run has no {split!r} rows.",
            code="unknown_split",
            location="--split",
            hint=f"It has {', '.join(name for name in SPLITS if run_dir.read_rows(name))}.",
        )


def has_new_predictions(run_dir: RunDir) -> bool:
    """Whether answers to the test rows are other than those that were scored."""
    report = run_dir.find_report()
    return hash_predictions(run_dir) != (report.predictions_sha256 if report else {})
