"""The answers of a run to a split, scored one by one and laid out as columns: what every statistic reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aliquot.core.dataset import StoredExample
from aliquot.core.grade import GradeFile
from aliquot.core.result import (
    Prediction,
    Score,
)
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec, Spec
from aliquot.evaluation.answers import UNDEFINED, Answers, build_answers
from aliquot.evaluation.baselines import find_median
from aliquot.evaluation.collect import Collected, collect_predictions, in_table_order
from aliquot.evaluation.grade import add_grades, read_valid_grades
from aliquot.evaluation.grader_metric import find_primary, list_grader_metrics
from aliquot.evaluation.held_to_labels import hold_to_labels
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.normaliser import Normaliser, build_declared
from aliquot.evaluation.resampling import Resampling, number_units
from aliquot.evaluation.score import (
    infer_train_schema,
    list_also_accepted,
    read_accepted_answers,
    score_predictions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a report is made from.

    Attributes:
        rows: The split in the order of example ids, so that no number depends on the order of the file.
        is_seen: Whether each of these rows' prompts occurs in train.
        scores: By model, in the order of the file.
        answers: By model, in the order of ``rows``.
        titles: Of the models whose source of answers names one.
        graded: What graders gave these answers.
        outdated: What they gave answers that have changed since.
    """

    spec: ScoringSpec
    split: str
    rows: Sequence[StoredExample]
    is_seen: Sequence[bool]
    collected: Collected
    scores: Mapping[str, Sequence[Score]]
    answers: Mapping[str, Answers]
    titles: Mapping[str, str]
    graded: Sequence[GradeFile] = ()
    outdated: Sequence[GradeFile] = ()

    @property
    def primary(self) -> Metric:
        """Return the headline metric."""
        return find_primary(self.spec.evaluation.primary_metric, list_grader_metrics(self.graded))


def score_split(
    run_dir: RunDir,
    split: str,
    *,
    reading: ScoringSpec | None = None,
    examples: Sequence[StoredExample] | None = None,
) -> Scored:
    """Return a run's rows and answers, scored, as columns; nothing is written.

    Args:
        run_dir: The run.
        split: Whose answers.
        reading: How answers are read and measured, if not as the run itself says.
        examples: Rows that tell what counts for an unreadable number and which form records have; the run's
            training rows when None.
    """
    spec = reading or run_dir.read_scoring_spec()
    normaliser = build_declared(spec)
    rows, train = run_dir.read_rows(split), run_dir.read_rows("train")
    known = train if examples is None else examples
    # The checkpoint is chosen on validation rows, so a test prompt seen there was seen too.
    before = [*train, *run_dir.read_rows("validation")] if split == "test" else train
    seen = {row.prompt_sha256 for row in before} | _seen_at_start(run_dir) if split != "train" else set()
    collected = collect_predictions(run_dir, split, rows)
    others = list_also_accepted(rows, normaliser)
    scores = {model: score_predictions(found, normaliser, others) for model, found in collected.whole.items()}
    held = hold_to_labels(collected.whole, scores)
    scores |= {model: score_predictions(found, normaliser) for model, found in held.items()}
    collected = replace(collected, whole=in_table_order(collected.whole | held))
    graded, outdated = read_valid_grades(run_dir, rows, collected.whole, split)
    scores = {model: add_grades(found, model, graded) for model, found in scores.items()}
    ordered = sorted(rows, key=_example_id)
    return Scored(
        spec=spec,
        split=split,
        rows=ordered,
        is_seen=[row.prompt_sha256 in seen for row in ordered],
        collected=collected,
        scores=scores,
        answers=_build_columns(collected, scores, ordered, known, spec=spec, normaliser=normaliser),
        titles=_read_titles(run_dir, split, collected),
        graded=graded,
        outdated=outdated,
    )


def _seen_at_start(run_dir: RunDir) -> set[str]:
    """Return the prompts of test rows on which the adapter that a run continues from was trained."""
    spec = run_dir.read_scoring_spec()
    return set(spec.start.prompts_seen) if isinstance(spec, Spec) and spec.start else set()


def _read_titles(run_dir: RunDir, split: str, collected: Collected) -> dict[str, str]:
    sources = {model: run_dir.find_source(model, split) for model in collected.whole}
    return {model: source.title for model, source in sources.items() if source}


def _build_columns(
    collected: Collected,
    scores: Mapping[str, Sequence[Score]],
    ordered: Sequence[StoredExample],
    train: Sequence[StoredExample],
    *,
    spec: ScoringSpec,
    normaliser: Normaliser,
) -> dict[str, Answers]:
    accepted = read_accepted_answers(ordered, normaliser)
    median, schema = _find_median(spec, train), infer_train_schema(train, normaliser)
    return {
        model: build_answers(
            sorted(scores[model], key=_example_id),
            sorted(predictions, key=_example_id),
            accepted,
            labels=spec.task.labels,
            train_median=median,
            tolerance=spec.evaluation.tolerance,
            schema=schema,
            positive_label=spec.evaluation.positive_label,
            class_prior=spec.evaluation.class_prior,
        )
        for model, predictions in collected.whole.items()
    }


def plan_resampling(spec: ScoringSpec, groups: Sequence[str | None]) -> Resampling:
    """Return how items are drawn: whole groups, with the run's seed."""
    return Resampling(
        unit_N=number_units(groups),
        num_resamples=spec.evaluation.num_resamples,
        seed=spec.evaluation.seed,
    )


def _find_median(spec: ScoringSpec, train: Sequence[StoredExample]) -> float:
    if spec.task.task_type != "number":
        return UNDEFINED
    median = find_median([row.reference for row in train])
    return UNDEFINED if median is None else median


def _example_id(record: StoredExample | Prediction | Score) -> str:
    return record.example_id
