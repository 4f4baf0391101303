"""Several bases on one data set, with several seeds each: who is best on the same items, and by how much.

What was tuned is judged by its mean over seeds; intervals resample the seeds of each base, then items, which
are the same for all. Which model is best is known from these very items, so p-values are adjusted within the
family of all pairs. Shape letters: S seeds, N items, U units, R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from aliquot.core.bench import BenchRank, BenchTask
from aliquot.core.result import Comparison, EvaluationReport, MetricValue, ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.evaluation.across_runs import TUNED, score_same_rows
from aliquot.evaluation.across_seeds import draw_seeds, mean_over_seeds, percentile_interval
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.compare import exchange_statistic
from aliquot.evaluation.measure import Measured, measure
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.report import Kind, model_kind
from aliquot.evaluation.resampling import Resampling
from aliquot.evaluation.scored import Scored, plan_resampling
from aliquot.evaluation.seeds_wording import is_told_apart, say_comparison
from aliquot.evaluation.statistics import adjust_holm, permutation_p, sign_flip_p
from aliquot.evaluation.wording import model_phrase, model_title

NAMES = {
    "tuned": "tuned {base}",
    "base": "untuned {base}",
    "base_held": "untuned {base} held to labels",
    "base_few_shot": "few-shot {base}",
    "base_few_shot_held": "few-shot {base} held to labels",
    "base_nearest": "nearest-shot {base}",
    "base_nearest_held": "nearest-shot {base} held to labels",
}
"""Models by what they are in a run: with several bases in one table, each says whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A model of the leaderboard: one set of answers, or one per seed.

    Attributes:
        mean_R: Its metric in R resamples of seeds, then items.
    """

    model: str
    title: str
    kind: Kind
    answers: Sequence[Answers]
    measured: Sequence[Measured]
    mean_R: Floats

    @property
    def value(self) -> float:
        return float(np.mean([one.sample.value for one in self.measured]))


def compare_bases(study_id: str, name: str, data: str, runs: Mapping[str, Sequence[RunDir]]) -> BenchTask:
    """Return how the bases do on one data set.

    Args:
        study_id: Name of the study.
        name: Of the data set, for people.
        data: The data set.
        runs: At least one run of each base, all with the same rows; one per seed.

    Raises:
        RunError: Two runs have other rows or read answers in another way (``runs_differ``).
    """
    flat = [run for found in runs.values() for run in found]
    scored = dict(zip(_keys(runs), score_same_rows(flat), strict=True))
    first = next(iter(scored.values()))
    resampling = plan_resampling(first.spec, [row.group for row in first.rows])
    entries = _list_entries(runs, scored, first.primary, resampling)
    known = [one for one in entries if math.isfinite(one.value)]
    sign = 1 if first.primary.direction == "higher" else -1
    best = max(known, key=lambda one: sign * one.value).model if known else ""
    comparisons = _compare(known, best, first, resampling)
    return BenchTask(
        name=name,
        data=data,
        scores=_as_report(f"{study_id}, {name}", entries, comparisons, first, best=best),
        seed_values={
            one.model: tuple(found.reported.value for found in one.measured)
            for one in entries
            if one.kind == "tuned"
        },
        open_to=tuple(one.other for one in comparisons if not is_told_apart(one)),
    )


def rank_models(tasks: Sequence[BenchTask]) -> tuple[BenchRank, ...]:
    """Return the mean rank of each model that has a value on every task, best first."""
    values = [
        {one.model: one.primary for one in task.scores.results if one.primary.value is not None}
        for task in tasks
    ]
    common = [model for model in values[0] if all(model in found for found in values)] if values else []
    kinds = {one.model: one.kind for task in tasks for one in task.scores.results}
    ranks = [_rank({model: found[model] for model in common}) for found in values]
    rows = [
        BenchRank(
            model=model,
            kind=kinds[model],
            mean_rank=float(np.mean([found[model] for found in ranks])),
            ranks=tuple(found[model] for found in ranks),
        )
        for model in common
    ]
    return tuple(sorted(rows, key=lambda row: row.mean_rank))


def _rank(values: Mapping[str, MetricValue]) -> dict[str, float]:
    """Return ranks from 1; equal values share the mean of theirs."""
    signed = {
        model: (-1 if one.direction == "higher" else 1) * (one.value or 0.0) for model, one in values.items()
    }
    return {
        model: 0.5
        + sum(other < mine for other in signed.values())
        + sum(other == mine for other in signed.values()) / 2
        for model, mine in signed.items()
    }


def _keys(runs: Mapping[str, Sequence[RunDir]]) -> list[tuple[str, int]]:
    return [(base, number) for base, found in runs.items() for number in range(len(found))]


def _list_entries(
    runs: Mapping[str, Sequence[RunDir]],
    scored: Mapping[tuple[str, int], Scored],
    metric: Metric,
    resampling: Resampling,
) -> list[_Entry]:
    """Return what was tuned from each base, the untuned bases, and the baselines, which know no base."""
    found: dict[tuple[str, str, Kind], list[Answers]] = {}
    for (base, number), one in scored.items():
        tuned = NAMES[TUNED].format(base=base)
        found.setdefault((tuned, tuned, "tuned"), []).append(one.answers[TUNED])
        if number:
            continue
        for model, answers in one.answers.items():
            kind = model_kind(model)
            if kind == "baseline":
                found.setdefault((model, model_title(model, one.spec.task.task_type), kind), [answers])
            elif kind == "base":
                name = NAMES[model].format(base=base)
                found[name, name, kind] = [answers]
    flat = {f"{key[0]} {n}": one for key, answers in found.items() for n, one in enumerate(answers)}
    confidence = next(iter(scored.values())).spec.evaluation.confidence
    measured = measure(flat, [metric], resampling, confidence)
    return [
        _as_entry(key, answers, [measured[f"{key[0]} {n}"][metric.name] for n in range(len(answers))],
                  resampling, number)
        for number, (key, answers) in enumerate(found.items())
    ]  # fmt: skip


def _as_entry(
    key: tuple[str, str, Kind],
    answers: Sequence[Answers],
    measured: Sequence[Measured],
    resampling: Resampling,
    number: int,
) -> _Entry:
    model, title, kind = key
    # Seeds of two bases have nothing to do with one another, so each base's are drawn by themselves.
    weights_RS = draw_seeds(len(answers), resampling.num_resamples, resampling.seed + number)
    mean_R = mean_over_seeds([one.sample for one in measured], weights_RS)
    return _Entry(model=model, title=title, kind=kind, answers=answers, measured=measured, mean_R=mean_R)


def _compare(
    entries: Sequence[_Entry], best: str, first: Scored, resampling: Resampling
) -> tuple[Comparison, ...]:
    """Return the best against every other model, adjusted within the family of all pairs."""
    if first.primary.interval == "none" or first.primary.direction == "zero":
        return ()
    ordered = sorted(entries, key=lambda one: one.model != best)
    confidence = first.spec.evaluation.confidence
    found = [
        _pair(one, other, first.primary, resampling, confidence) for one, other in combinations(ordered, 2)
    ]
    whole = [one for one in found if one is not None]
    adjusted = adjust_holm([one.p_value for one in whole])
    task_type = first.spec.task.task_type
    return tuple(
        say_comparison(
            replace(one, p_value_holm=p_value),
            first.primary,
            names=(model_phrase(one.model, task_type), model_phrase(one.other, task_type)),
        )
        for one, p_value in zip(whole, adjusted, strict=True)
        if one.model == best
    )


def _pair(
    one: _Entry, other: _Entry, metric: Metric, resampling: Resampling, confidence: float
) -> Comparison | None:
    num_resamples = min(len(one.mean_R), len(other.mean_R))
    difference_R = one.mean_R[:num_resamples] - other.mean_R[:num_resamples]
    interval = percentile_interval(difference_R, confidence)
    if interval is None:
        return None
    test, p_value = _test(one, other, metric, resampling)
    return Comparison(
        model=one.model,
        other=other.model,
        metric=metric.name,
        difference=round(one.value - other.value, 12),
        interval=interval,
        p_value=p_value,
        p_value_holm=p_value,
        test=test,
        num_items=len(one.answers[0]),
        num_only_model=0,
        num_only_other=0,
        sentence="",
    )


def _test(one: _Entry, other: _Entry, metric: Metric, resampling: Resampling) -> tuple[str, float]:
    """Return the test of two means over seeds, and its p-value over items."""
    of_groups = " of groups" if resampling.has_groups else ""
    if metric.per_item is None:
        # A seed of the one meets a seed of the other; the shorter list is gone through again.
        rounds = range(max(len(one.answers), len(other.answers)))
        pairs = [(one.answers[n % len(one.answers)], other.answers[n % len(other.answers)]) for n in rounds]
        statistics = [exchange_statistic(metric, *pair, resampling) for pair in pairs]
        p_value = permutation_p(
            lambda signs_RU: np.mean([statistic(signs_RU) for statistic in statistics], axis=0),
            num_units=resampling.num_bundles,
            num_resamples=resampling.num_resamples,
            seed=resampling.seed,
        )
        return f"permutation of the answers{of_groups}, means over seeds", p_value
    mine_N, its_N = (
        np.mean([metric.per_item(found) for found in each.answers], axis=0) for each in (one, other)
    )
    sums_U = np.bincount(resampling.bundle_N, weights=np.nan_to_num(mine_N - its_N)).astype(np.float64)
    p_value = sign_flip_p(sums_U, num_resamples=resampling.num_resamples, seed=resampling.seed)
    return f"sign-flip permutation{of_groups}, means over seeds", p_value


def _as_report(
    name: str, entries: Sequence[_Entry], comparisons: tuple[Comparison, ...], first: Scored, *, best: str
) -> EvaluationReport:
    spec = first.spec
    return EvaluationReport(
        schema_version=SCHEMA_VERSION,
        run_id=name,
        split=first.split,
        num_items=len(first.rows),
        task_type=spec.task.task_type,
        labels=spec.task.labels,
        primary_metric=first.primary.name,
        normaliser=spec.evaluation.normaliser,
        confidence=spec.evaluation.confidence,
        num_resamples=spec.evaluation.num_resamples,
        seed=spec.evaluation.seed,
        headline="",
        results=tuple(_as_result(one, first) for one in entries),
        comparisons=comparisons,
        reference=best,
    )


def _as_result(entry: _Entry, first: Scored) -> ModelResult:
    reported = entry.measured[0].reported
    if len(entry.measured) > 1:
        is_whole = math.isfinite(entry.value)
        has_interval = is_whole and first.primary.interval != "none"
        confidence = first.spec.evaluation.confidence
        interval = percentile_interval(entry.mean_R, confidence) if has_interval else None
        reported = replace(reported, value=entry.value if is_whole else None, interval=interval)
    return ModelResult(
        model=entry.model,
        title=entry.title,
        split=first.split,
        kind=entry.kind,
        primary=reported,
        metrics=(reported,),
    )
