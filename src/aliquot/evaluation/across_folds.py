"""Cross-validation: every answer of every fold, pooled into one test in which each row occurs once.

The folds' models answer different rows, so what is compared are models on the pooled items. The spread over
folds is shown but is no standard error: folds share most of their training rows, and no unbiased estimate of
the variance exists (Bengio and Grandvalet 2004).
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from aliquot.core.crossval import CrossvalReport, FoldScore, PooledAnswer
from aliquot.core.dataset import SPLITS, StoredExample
from aliquot.core.result import EvaluationReport, MetricValue, Prediction, Score
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.errors import RunError
from aliquot.evaluation.across_runs import TUNED, reading_of
from aliquot.evaluation.answers import Answers, join_answers
from aliquot.evaluation.collect import Collected, in_table_order
from aliquot.evaluation.compare import choose_pairs
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.folds_wording import write_folds_headline, write_folds_notes
from aliquot.evaluation.normaliser import build_declared
from aliquot.evaluation.report import build_report
from aliquot.evaluation.resampling import number_units
from aliquot.evaluation.score import infer_train_schema
from aliquot.evaluation.scored import Scored, score_split

TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldRun:
    """A run of the study.

    Attributes:
        held_out: Which rows are its test, for people.
    """

    cell_id: str
    held_out: str
    run_dir: RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """All folds as one test.

    Attributes:
        answers: Every answer by model, in the order of folds and rows.
    """

    report: CrossvalReport
    answers: Mapping[str, Sequence[PooledAnswer]]


def require_partition(folds: Sequence[FoldRun], *, is_whole: bool, may_lack: bool = False) -> int:
    """Make sure that the test rows of the folds are the rows of the data set, each once; return their number.

    Rows of the same content count as often as they occur.

    Args:
        folds: All runs of the study that exist; their rows are read, not their answers.
        is_whole: Whether these are all folds.
        may_lack: Whether rows may be missing in all tests, because remedies leave some out.

    Returns:
        The rows of the data set.

    Raises:
        RunError: A row is test in two folds, or in none of all (``folds_not_a_partition``).
    """
    tested = sum((_count_contents(fold.run_dir, (TEST,)) for fold in folds), Counter())
    wholes = [_count_contents(fold.run_dir, SPLITS) for fold in folds]
    known = functools.reduce(operator.or_, wholes)
    others = [fold for fold, whole in zip(folds, wholes, strict=True) if whole != known]
    if others and not may_lack:
        raise _refuse(others[0], "Its rows are not those of the other folds.")
    if twice := tested - known:
        raise _refuse(folds[0], f"{twice.total():,} rows are test in more than one fold: {_first(twice)}.")
    if is_whole and not may_lack and (never := known - tested):
        raise _refuse(folds[0], f"{never.total():,} rows are test in none of the folds: {_first(never)}.")
    return known.total()


def _refuse(fold: FoldRun, what: str) -> RunError:
    return RunError(
        f"{what} Every row of the data set must be test exactly once.",
        code="folds_not_a_partition",
        location=fold.run_dir.run_id,
        hint="Rows of a run were changed after it was created. Delete this study and start it again.",
    )


def _first(contents: Counter[str]) -> str:
    return f"example {next(iter(contents))}{' …' if len(contents) > 1 else ''}"


def pool_folds(
    study_id: str,
    folds: Sequence[FoldRun],
    *,
    group_key: str,
    num_planned: int,
    num_rows: int,
    problems: Mapping[str, str],
) -> Pooled:
    """Return the joint report of the folds that have answered all their test rows, and their answers.

    Args:
        study_id: Name of the study.
        folds: At least one.
        group_key: Field whose values are the folds; empty for folds of rows.
        num_planned: Folds of the study.
        num_rows: Rows of the data set.
        problems: Why a fold has no result, by cell.

    Raises:
        RunError: Answers of a fold do not belong to its rows (``predictions_foreign``), or two folds read
            answers in different ways (``runs_differ``).
    """
    scored = [score_split(fold.run_dir, TEST) for fold in folds]
    _require_same_reading(folds, scored)
    whole = _pool(folds, scored)
    report = build_report(
        whole,
        run_id=study_id,
        families=choose_pairs(list(whole.answers), whole.spec.reference),
        baseline_notes={},
    )
    scores = tuple(_score_fold(fold) for fold in folds)
    joint = CrossvalReport(
        schema_version=SCHEMA_VERSION,
        study_id=study_id,
        group_key=group_key,
        num_folds_planned=num_planned,
        num_rows=num_rows,
        headline="",
        folds=scores,
        pooled=report,
    )
    num_groups = int(number_units([row.group for row in whole.rows]).max()) + 1
    joint = replace(
        joint,
        headline=write_folds_headline(joint),
        notes=write_folds_notes(joint, problems, num_groups=num_groups if _has_groups(whole) else None),
    )
    return Pooled(report=joint, answers=_list_answers(folds, scored, report))


def _count_contents(run_dir: RunDir, splits: Sequence[str]) -> Counter[str]:
    return Counter(_content(row.example_id) for split in splits for row in run_dir.read_rows(split))


def _content(example_id: str) -> str:
    """Return the part of an example id that says what the row holds, without its number in the split."""
    return example_id.partition(".")[0]


def _require_same_reading(folds: Sequence[FoldRun], scored: Sequence[Scored]) -> None:
    for fold, one in zip(folds, scored, strict=True):
        if reading_of(one) != reading_of(scored[0]) or one.primary != scored[0].primary:
            raise RunError(
                f"{fold.cell_id} reads or scores answers in another way than {folds[0].cell_id}.",
                code="runs_differ",
                location=fold.run_dir.run_id,
                hint="Set evaluate.task_type and evaluate.primary_metric, and start a new study.",
            )


def _pool(folds: Sequence[FoldRun], scored: Sequence[Scored]) -> Scored:
    """Return the folds as one test; models that have not answered in every fold are left out."""
    models = [model for model in scored[0].answers if all(model in one.answers for one in scored)]
    partial = {
        model: sum(len(one.answers[model]) for one in scored if model in one.answers)
        for one in scored
        for model in one.answers
        if model not in models
    }
    return Scored(
        spec=scored[0].spec,
        split=TEST,
        rows=list(chain.from_iterable(one.rows for one in scored)),
        is_seen=list(chain.from_iterable(one.is_seen for one in scored)),
        collected=Collected(
            {
                model: list(chain.from_iterable(one.collected.whole[model] for one in scored))
                for model in models
            },
            in_table_order(partial),
        ),
        scores={model: list(chain.from_iterable(one.scores[model] for one in scored)) for model in models},
        answers=_join(folds, scored, models),
        titles=scored[0].titles,
    )


def _join(folds: Sequence[FoldRun], scored: Sequence[Scored], models: Sequence[str]) -> dict[str, Answers]:
    """Return the pooled answers; what JSON records have in common is learnt from the training rows of all."""
    spec = scored[0].spec
    schema = None
    if spec.evaluation.scored_as == "json":
        train = chain.from_iterable(fold.run_dir.read_rows("train") for fold in folds)
        schema = infer_train_schema(train, build_declared(spec))
    return {
        model: replace(join_answers(*(one.answers[model] for one in scored)), schema=schema)
        for model in models
    }


def _has_groups(scored: Scored) -> bool:
    return any(row.group is not None for row in scored.rows)


def _score_fold(fold: FoldRun) -> FoldScore:
    report = fold.run_dir.find_report() or evaluate_run(fold.run_dir)
    return FoldScore(
        cell_id=fold.cell_id,
        run_id=fold.run_dir.run_id,
        held_out=fold.held_out,
        num_items=report.num_items,
        num_trained=len(fold.run_dir.read_rows("train")),
        values=_list_primary(report),
    )


def _list_primary(report: EvaluationReport) -> dict[str, MetricValue]:
    return {result.model: result.primary for result in report.results}


def _list_answers(
    folds: Sequence[FoldRun], scored: Sequence[Scored], report: EvaluationReport
) -> dict[str, list[PooledAnswer]]:
    return {result.model: _answers_of(result.model, folds, scored) for result in report.results}


def _answers_of(model: str, folds: Sequence[FoldRun], scored: Sequence[Scored]) -> list[PooledAnswer]:
    seen: Counter[str] = Counter()
    found = []
    for fold, one in zip(folds, scored, strict=True):
        rows = {row.example_id: row for row in one.rows}
        pairs = zip(one.scores[model], one.collected.whole[model], strict=True)
        for score, prediction in pairs:
            content = _content(score.example_id)
            example_id = f"{content}.{seen[content]}"
            seen[content] += 1
            found.append(_as_pooled(example_id, fold, rows[score.example_id], score, prediction))
    return found


def _as_pooled(
    example_id: str, fold: FoldRun, row: StoredExample, score: Score, prediction: Prediction
) -> PooledAnswer:
    return PooledAnswer(
        example_id=example_id,
        model=score.model,
        cell_id=fold.cell_id,
        run_id=fold.run_dir.run_id,
        line=row.line,
        file=row.file,
        group=row.group,
        reference=score.reference,
        output=score.output,
        parsed=score.parsed,
        status=score.status,
        raw=score.raw,
        normalised=score.normalised,
        label_probabilities=prediction.label_probabilities,
        in_train=score.in_train,
    )


def has_answered(run_dir: RunDir) -> bool:
    """Whether the tuned model of a run has answered its test rows."""
    return run_dir.predictions_path(TUNED, TEST).is_file()
