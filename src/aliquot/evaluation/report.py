"""What follows from scored answers: metrics with intervals, paired comparisons, and both in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Literal

import numpy as np

from aliquot.core.result import (
    Comparison,
    Confusion,
    EvaluationReport,
    FieldResult,
    GraderResult,
    MetricValue,
    ModelResult,
    Reliability,
)
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.evaluation.agreement import describe_grades
from aliquot.evaluation.compare import Contest, Pairs, compare_families
from aliquot.evaluation.field_totals import list_field_results
from aliquot.evaluation.grader_metric import list_grader_metrics
from aliquot.evaluation.grader_notes import write_grader_notes
from aliquot.evaluation.headline import write_headline
from aliquot.evaluation.measure import Measured, measure
from aliquot.evaluation.metric import Metric, list_metrics
from aliquot.evaluation.normaliser import NORMALISERS
from aliquot.evaluation.notes import write_notes
from aliquot.evaluation.per_label import score_labels
from aliquot.evaluation.reliability import describe_reliability
from aliquot.evaluation.resampling import Resampling
from aliquot.evaluation.scored import Scored, plan_resampling
from aliquot.evaluation.wording import model_title

Kind = Literal["tuned", "base", "baseline", "external"]
_KINDS: dict[str, Kind] = {
    "tuned": "tuned",
    "base": "base",
    "base_held": "base",
    "base_few_shot": "base",
    "base_few_shot_held": "base",
    "base_nearest": "base",
    "base_nearest_held": "base",
    "majority": "baseline",
    "nearest_neighbour": "baseline",
    "linear": "baseline",
    "byte_ngram": "baseline",
}


def model_kind(model: str) -> Kind:
    """Return what a model is; checkpoints, services and files are ``external``."""
    return _KINDS.get(model, "external")


def build_report(
    scored: Scored, *, run_id: str, families: Mapping[str, Pairs], baseline_notes: Mapping[str, str]
) -> EvaluationReport:
    """Return everything that follows from scored answers.

    Args:
        scored: Rows and answers.
        run_id: Name of the run, or of the study whose runs were pooled.
        families: Pairs of models to compare, by family.
        baseline_notes: What baselines chose, by model.
    """
    spec, task = scored.spec, scored.spec.task
    resampling = plan_resampling(spec, [row.group for row in scored.rows])
    metrics = _list_metrics(scored)
    measured = measure(scored.answers, metrics, resampling, spec.evaluation.confidence)
    results = _build_results(scored, measured)
    comparisons = _compare(scored, measured, resampling, families)
    graders = _describe_graders(scored, resampling)
    return EvaluationReport(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        split=scored.split,
        num_items=len(scored.rows),
        task_type=task.task_type,
        labels=task.labels,
        primary_metric=scored.primary.name,
        normaliser=spec.evaluation.normaliser,
        confidence=spec.evaluation.confidence,
        num_resamples=spec.evaluation.num_resamples,
        seed=spec.evaluation.seed,
        headline=_say_headline(scored, results, comparisons),
        results=tuple(results),
        comparisons=tuple(comparisons),
        confusions=_count_confusions(scored),
        per_label=tuple(score_labels(model, answers) for model, answers in scored.answers.items())
        if task.task_type == "labels"
        else (),
        reliability=_describe_reliability(scored, resampling),
        notes=write_notes(
            scored.collected,
            results,
            resampling,
            comparisons=comparisons,
            evaluation=spec.evaluation,
            task_type=task.task_type,
            baseline_notes=baseline_notes,
            split=scored.split,
        )
        + write_grader_notes(graders, scored.outdated, task.task_type),
        fields=_list_fields(scored),
        reference=spec.reference,
        graders=tuple(graders),
    )


def _say_headline(scored: Scored, results: Sequence[ModelResult], comparisons: Sequence[Comparison]) -> str:
    return write_headline(
        results,
        comparisons,
        scored.primary,
        num_items=len(scored.rows),
        task_type=scored.spec.task.task_type,
        reference=scored.spec.reference,
        split=scored.split,
    )


def _build_results(scored: Scored, measured: Mapping[str, Mapping[str, Measured]]) -> list[ModelResult]:
    unseen = _measure_unseen(scored)
    return [
        ModelResult(
            model=model,
            title=scored.titles.get(model) or model_title(model, scored.spec.task.task_type),
            split=scored.split,
            kind=model_kind(model),
            primary=found[scored.primary.name].reported,
            metrics=tuple(value.reported for value in found.values()),
            without_overlap=unseen.get(model),
            num_unparsed=sum(not score.is_parsed for score in scored.scores[model]),
            num_truncated=sum(score.status == "truncated" for score in scored.scores[model]),
        )
        for model, found in measured.items()
    ]


def _measure_unseen(scored: Scored) -> dict[str, MetricValue]:
    """Return the primary metric without the items whose prompt occurs in train; empty if none does."""
    items = np.flatnonzero(~np.array(scored.is_seen, dtype=bool))
    if len(items) in (0, len(scored.rows)):
        return {}
    answers = {model: found.take(items) for model, found in scored.answers.items()}
    resampling = plan_resampling(scored.spec, [scored.rows[item].group for item in items.tolist()])
    measured = measure(answers, [scored.primary], resampling, scored.spec.evaluation.confidence)
    return {model: found[scored.primary.name].reported for model, found in measured.items()}


def _compare(
    scored: Scored,
    measured: Mapping[str, Mapping[str, Measured]],
    resampling: Resampling,
    families: Mapping[str, Pairs],
) -> list[Comparison]:
    contest = Contest(
        metric=scored.primary,
        answers=scored.answers,
        resampled={model: found[scored.primary.name].sample for model, found in measured.items()},
        resampling=resampling,
        confidence=scored.spec.evaluation.confidence,
        task_type=scored.spec.task.task_type,
    )
    return compare_families(contest, families)


def _count_confusions(scored: Scored) -> tuple[Confusion, ...]:
    labels = scored.spec.task.labels
    if scored.spec.task.task_type != "labels":
        return ()
    confusions = []
    for model, answers in scored.answers.items():
        counts = np.zeros((len(labels), len(labels) + 1), dtype=int)
        np.add.at(counts, (answers.reference_index_N, answers.answer_index_N), 1)
        confusions.append(Confusion(model=model, labels=labels, counts=tuple(map(tuple, counts.tolist()))))
    return tuple(confusions)


def _list_fields(scored: Scored) -> tuple[FieldResult, ...]:
    if scored.spec.evaluation.scored_as != "json":
        return ()
    results = (list_field_results(model, answers) for model, answers in scored.answers.items())
    return tuple(chain.from_iterable(results))


def _describe_reliability(scored: Scored, resampling: Resampling) -> tuple[Reliability, ...]:
    found = [
        describe_reliability(
            model,
            answers,
            scored.collected.whole[model],
            confidence=scored.spec.evaluation.confidence,
            has_groups=resampling.has_groups,
        )
        for model, answers in scored.answers.items()
    ]
    return tuple(one for one in found if one is not None)


def _list_metrics(scored: Scored) -> list[Metric]:
    """Return the metrics of the report, the primary one first, those of graders last."""
    evaluation, primary = scored.spec.evaluation, scored.primary
    others = [
        metric
        for metric in list_metrics(NORMALISERS[evaluation.normaliser])
        if metric.unlabelled != "corrected" or evaluation.positive_label is not None
    ]
    others += list_grader_metrics(scored.graded)
    return [primary, *(metric for metric in others if metric.name != primary.name)]


def _describe_graders(scored: Scored, resampling: Resampling) -> list[GraderResult]:
    example_ids = [row.example_id for row in scored.rows]
    order = list(scored.answers)
    files = sorted(scored.graded, key=lambda file: (file.meaning.name, order.index(file.model)))
    confidence = scored.spec.evaluation.confidence
    return [describe_grades(file, example_ids, resampling, confidence) for file in files]
