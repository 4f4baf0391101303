"""Everything scored in a run: reads the specification, rows and predictions; writes ``scores/``.

It may be called at any moment with whatever prediction files exist, and gives the same report for the
same files. No model is needed, and no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np

from aliquot.core.dataset import StoredExample
from aliquot.core.files import write_file
from aliquot.core.records import encode_lines, encode_pretty, sha256_file
from aliquot.core.result import (
    Comparison,
    Confusion,
    EvaluationReport,
    FieldResult,
    MetricValue,
    ModelResult,
    Prediction,
    Reliability,
    Score,
)
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION, ScoringSpec
from aliquot.evaluation.answers import UNDEFINED, Answers, build_answers
from aliquot.evaluation.baselines import find_median, read_baseline_notes
from aliquot.evaluation.collect import Collected, collect_predictions, in_table_order
from aliquot.evaluation.compare import Contest, choose_pairs, compare_models
from aliquot.evaluation.field_totals import list_field_results
from aliquot.evaluation.headline import write_headline
from aliquot.evaluation.held_to_labels import hold_to_labels
from aliquot.evaluation.measure import Measured, measure
from aliquot.evaluation.metric import Metric, get_metric, list_metrics
from aliquot.evaluation.normaliser import NORMALISERS, Normaliser, build_declared
from aliquot.evaluation.notes import write_notes
from aliquot.evaluation.per_label import score_labels
from aliquot.evaluation.reliability import describe_reliability
from aliquot.evaluation.resampling import Resampling, number_units
from aliquot.evaluation.score import (
    infer_train_schema,
    list_also_accepted,
    read_accepted_answers,
    score_predictions,
)
from aliquot.evaluation.wording import model_title

Kind = Literal["tuned", "base", "baseline", "external"]
_KINDS: dict[str, Kind] = {
    "tuned": "tuned",
    "base": "base",
    "base_held": "base",
    "base_few_shot": "base",
    "base_few_shot_held": "base",
    "majority": "baseline",
    "nearest_neighbour": "baseline",
    "linear": "baseline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a report is made from.

    Attributes:
        rows: The split in the order of example ids, so that no number depends on the order of the file.
        is_seen: Whether each of these rows' prompts occurs in train.
        scores: By model, in the order of the file.
        answers: By model, in the order of ``rows``.
        titles: Of the models whose source of answers names one.
    """

    spec: ScoringSpec
    split: str
    rows: Sequence[StoredExample]
    is_seen: Sequence[bool]
    collected: Collected
    scores: Mapping[str, Sequence[Score]]
    answers: Mapping[str, Answers]
    titles: Mapping[str, str]

    @property
    def primary(self) -> Metric:
        """Return the headline metric."""
        return get_metric(self.spec.evaluation.primary_metric)


def evaluate_run(run_dir: RunDir, *, split: str = "test") -> EvaluationReport:
    """Score every model that has answered the whole split, and publish scores and report.

    Writes ``scores/<model>.<split>.jsonl`` in the order of the rows, and ``scores/report.json``
    (``report.<split>.json`` for another split than the test).

    Raises:
        RunError: A prediction file does not belong to this run's rows, or a reference is unreadable.
        InputError: The primary metric or the normaliser is unknown.
    """
    hashes = hash_predictions(run_dir, split)  # before they are read: what comes meanwhile counts as new
    scored = score_split(run_dir, split)
    report = build_report(scored, run_dir.run_id, read_baseline_notes(run_dir))
    report = replace(report, predictions_sha256=hashes)
    for model, scores in scored.scores.items():
        write_file(run_dir.item_scores_path(model, split), encode_lines(scores))
    name = "report.json" if split == "test" else f"report.{split}.json"
    write_file(run_dir.scores_path.with_name(name), encode_pretty(report))
    return report


def hash_predictions(run_dir: RunDir, split: str = "test") -> dict[str, str]:
    """Return the hash of each model's answers to a split."""
    models = sorted(model for model, answered in run_dir.list_predictions() if answered == split)
    return {model: sha256_file(run_dir.predictions_path(model, split)) for model in models}


def score_split(run_dir: RunDir, split: str) -> Scored:
    """Return a run's rows and answers, scored, as columns; nothing is written."""
    spec = run_dir.read_scoring_spec()
    normaliser = build_declared(spec)
    rows, train = run_dir.read_rows(split), run_dir.read_rows("train")
    # The checkpoint is chosen on validation rows, so a prompt seen there was seen too.
    seen = (
        {row.prompt_sha256 for row in (*train, *run_dir.read_rows("validation"))}
        if split == "test"
        else set()
    )
    collected = collect_predictions(run_dir, split, rows)
    others = list_also_accepted(rows, normaliser)
    scores = {model: score_predictions(found, normaliser, others) for model, found in collected.whole.items()}
    held = hold_to_labels(collected.whole, scores)
    scores |= {model: score_predictions(found, normaliser) for model, found in held.items()}
    collected = replace(collected, whole=in_table_order(collected.whole | held))
    ordered = sorted(rows, key=_example_id)
    return Scored(
        spec=spec,
        split=split,
        rows=ordered,
        is_seen=[row.prompt_sha256 in seen for row in ordered],
        collected=collected,
        scores=scores,
        answers=_build_columns(collected, scores, ordered, train, spec=spec, normaliser=normaliser),
        titles=_read_titles(run_dir, split, collected),
    )


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


def build_report(scored: Scored, run_id: str, baseline_notes: Mapping[str, str]) -> EvaluationReport:
    """Return everything that follows from scored answers.

    Args:
        scored: Rows and answers.
        run_id: Name of the run, or of the study whose runs were pooled.
        baseline_notes: What baselines chose, by model.
    """
    spec, task = scored.spec, scored.spec.task
    resampling = plan_resampling(spec, [row.group for row in scored.rows])
    metrics = _list_metrics(spec, scored.primary)
    measured = measure(scored.answers, metrics, resampling, spec.evaluation.confidence)
    results = _build_results(scored, measured)
    comparisons = _compare(scored, measured, resampling)
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
        headline=write_headline(
            results,
            comparisons,
            scored.primary,
            num_items=len(scored.rows),
            task_type=task.task_type,
            reference=spec.reference,
        ),
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
        ),
        fields=_list_fields(scored),
        reference=spec.reference,
    )


def _build_results(scored: Scored, measured: Mapping[str, Mapping[str, Measured]]) -> list[ModelResult]:
    unseen = _measure_unseen(scored)
    return [
        ModelResult(
            model=model,
            title=scored.titles.get(model) or model_title(model, scored.spec.task.task_type),
            split=scored.split,
            kind=_KINDS.get(model, "external"),
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
    scored: Scored, measured: Mapping[str, Mapping[str, Measured]], resampling: Resampling
) -> list[Comparison]:
    contest = Contest(
        metric=scored.primary,
        answers=scored.answers,
        resampled={model: found[scored.primary.name].sample for model, found in measured.items()},
        resampling=resampling,
        confidence=scored.spec.evaluation.confidence,
        task_type=scored.spec.task.task_type,
    )
    return compare_models(contest, choose_pairs(list(measured), scored.spec.reference))


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


def plan_resampling(spec: ScoringSpec, groups: Sequence[str | None]) -> Resampling:
    """Return how items are drawn: whole groups, with the run's seed."""
    return Resampling(
        unit_N=number_units(groups),
        num_resamples=spec.evaluation.num_resamples,
        seed=spec.evaluation.seed,
    )


def _list_metrics(spec: ScoringSpec, primary: Metric) -> list[Metric]:
    """Return the metrics of the report, the primary one first."""
    others = [
        metric
        for metric in list_metrics(NORMALISERS[spec.evaluation.normaliser])
        if metric.unlabelled != "corrected" or spec.evaluation.positive_label is not None
    ]
    return [primary, *(metric for metric in others if metric.name != primary.name)]


def _find_median(spec: ScoringSpec, train: Sequence[StoredExample]) -> float:
    if spec.task.task_type != "number":
        return UNDEFINED
    median = find_median([row.reference for row in train])
    return UNDEFINED if median is None else median


def _example_id(record: StoredExample | Prediction | Score) -> str:
    return record.example_id
