"""One report of several seeds: spread, intervals over seeds and items, agreement, and paired comparisons.

A training seed is a draw like a test item is. Intervals therefore resample both: seeds first, then items,
which are the same for all seeds. One seed less is drawn than there are, which makes the variance of a mean
over few seeds right (Rao and Wu 1988, J. Am. Stat. Assoc. 83, 231). Shape letters: S seeds, N items, U units,
R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from aliquot.core.result import Comparison, Interval, ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.core.seeds import Consistency, SeedScore, SeedsMetric, SeedsReport
from aliquot.core.spec import SCHEMA_VERSION
from aliquot.evaluation.across_runs import TUNED, score_same_rows
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.compare import exchange_statistic
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.measure import Measured, measure
from aliquot.evaluation.metric import Metric, list_metrics
from aliquot.evaluation.normaliser import NORMALISERS
from aliquot.evaluation.resampling import Resampled, Resampling
from aliquot.evaluation.scored import Scored, plan_resampling
from aliquot.evaluation.seeds_wording import say_comparison, write_seeds_headline, write_seeds_notes
from aliquot.evaluation.statistics import adjust_holm, bootstrap_interval, permutation_p, sign_flip_p
from aliquot.evaluation.wording import model_phrase

METHOD = "bootstrap of seeds, then items"
CITATION = "arXiv:2503.07329 (prediction consistency over seeds)"
MIN_SEEDS = 2
_MIN_DEFINED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRun:
    """A run of the group, with what its record of training says."""

    seed: int
    run_dir: RunDir
    validation_loss: float | None = None
    best_step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seeds:
    """Everything measured: tuned models by seed, the other models once, all on the same resamples."""

    runs: Sequence[SeedRun]
    scored: Sequence[Scored]
    metrics: Sequence[Metric]
    resampling: Resampling
    confidence: float
    tuned: Sequence[Mapping[str, Measured]]
    others: Mapping[str, Mapping[str, Measured]]
    weights_RS: Floats

    @property
    def primary(self) -> Metric:
        return self.metrics[0]


def report_seeds(
    group_id: str, runs: Sequence[SeedRun], *, num_planned: int, problems: Mapping[str, str]
) -> SeedsReport:
    """Return the joint report of the seeds that have answered all test items.

    Args:
        group_id: Name of the group.
        runs: At least two, all trained on the same rows.
        num_planned: Seeds of the group.
        problems: Why a seed has no result, by run name.

    Raises:
        RunError: Two runs have other rows or answers that are read in another way (``runs_differ``).
    """
    seeds = _measure(runs)
    others = _list_others(seeds)
    metrics = tuple(_over_seeds(seeds, metric) for metric in seeds.metrics)
    comparisons = _compare(seeds, metrics[0])
    scores = _score_seeds(seeds)
    consistency = measure_consistency([one.answers[TUNED] for one in seeds.scored])
    first = seeds.scored[0]
    return SeedsReport(
        schema_version=SCHEMA_VERSION,
        group_id=group_id,
        split=first.split,
        num_items=len(first.rows),
        num_seeds_planned=num_planned,
        task_type=first.spec.task.task_type,
        primary_metric=seeds.primary.name,
        confidence=seeds.confidence,
        num_resamples=seeds.resampling.num_resamples,
        seed=seeds.resampling.seed,
        headline=write_seeds_headline(
            metrics[0],
            comparisons,
            consistency,
            metric=seeds.primary,
            others=others,
            scores=scores,
            task_type=first.spec.task.task_type,
        ),
        runs=scores,
        metrics=metrics,
        consistency=consistency,
        others=others,
        comparisons=comparisons,
        notes=write_seeds_notes(scores, metrics[0], consistency, others, problems=problems),
    )


def _measure(runs: Sequence[SeedRun]) -> _Seeds:
    scored = score_same_rows([run.run_dir for run in runs])
    first = scored[0]
    confidence = first.spec.evaluation.confidence
    resampling = plan_resampling(first.spec, [row.group for row in first.rows])
    defined = list_metrics(NORMALISERS[first.spec.evaluation.normaliser])
    known = [metric for metric in defined if metric.name != first.primary.name]
    metrics = [first.primary, *known]
    by_seed = {str(number): one.answers[TUNED] for number, one in enumerate(scored)}
    tuned = measure(by_seed, metrics, resampling, confidence)
    rest = {model: found for model, found in first.answers.items() if model != TUNED}
    return _Seeds(
        runs=runs,
        scored=scored,
        metrics=metrics,
        resampling=resampling,
        confidence=confidence,
        tuned=[tuned[name] for name in by_seed],
        others=measure(rest, [first.primary], resampling, confidence),
        weights_RS=draw_seeds(len(runs), resampling.num_resamples, resampling.seed),
    )


def draw_seeds(num_seeds: int, num_resamples: int, seed: int | Sequence[int]) -> Floats:
    """Return R rows of S weights that sum to 1: how often each seed is among S - 1 drawn with replacement."""
    if num_seeds == 1:
        return np.ones((num_resamples, 1))
    rng = np.random.default_rng([num_seeds, *np.atleast_1d(seed)])
    drawn_RS = rng.integers(0, num_seeds, size=(num_resamples, num_seeds - 1))
    return (drawn_RS[:, :, None] == np.arange(num_seeds)).sum(axis=1) / (num_seeds - 1)


def mean_over_seeds(samples: Sequence[Resampled], weights_RS: Floats) -> Floats:
    """Return the R means over resampled seeds, each seed on the same R resamples of items."""
    resamples_RS = np.stack([sample.resamples_R for sample in samples], axis=1)
    return (resamples_RS * weights_RS[: len(resamples_RS)]).sum(axis=1)


def percentile_interval(resamples_R: Floats, confidence: float, method: str = METHOD) -> Interval | None:
    """Return the percentile interval, None when more than 5 % of the resamples are undefined."""
    defined = resamples_R[np.isfinite(resamples_R)]
    if len(defined) < max(1.0, _MIN_DEFINED * len(resamples_R)):
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(low=float(low), high=float(high), confidence=confidence, method=method)


def measure_consistency(answers: Sequence[Answers]) -> Consistency:
    """Return how often the seeds agree; an unreadable answer agrees with one of the same text."""
    if any(one.text_nats_N is not None for one in answers):
        return Consistency(share_all_agree=0.0, mean_pairwise=0.0, num_items=0, citation=CITATION)
    given = [
        [
            ("parsed", parsed) if parsed is not None else ("text", output)
            for parsed, output in zip(one.parsed, one.outputs, strict=True)
        ]
        for one in answers
    ]
    items = list(zip(*given, strict=True))
    pairs = list(combinations(given, 2))
    alike = [sum(a == b for a, b in zip(*pair, strict=True)) for pair in pairs]
    return Consistency(
        share_all_agree=sum(len(set(item)) == 1 for item in items) / len(items),
        mean_pairwise=sum(alike) / len(pairs) / len(items),
        num_items=len(items),
        citation=CITATION,
    )


def _over_seeds(seeds: _Seeds, metric: Metric) -> SeedsMetric:
    samples = [found[metric.name].sample for found in seeds.tuned]
    values = [found[metric.name].reported.value for found in seeds.tuned]
    known = np.array([value for value in values if value is not None])
    is_whole = len(known) == len(values)
    resamples_R = mean_over_seeds(samples, seeds.weights_RS)
    has_interval = is_whole and metric.interval != "none"
    return SeedsMetric(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        direction=metric.direction,
        values=tuple(values),
        mean=float(known.mean()) if is_whole else None,
        sd=float(known.std(ddof=1)) if is_whole else None,
        interval=percentile_interval(resamples_R, seeds.confidence) if has_interval else None,
    )


def _score_seeds(seeds: _Seeds) -> tuple[SeedScore, ...]:
    samples = [found[seeds.primary.name].sample for found in seeds.tuned]
    return tuple(
        SeedScore(
            seed=run.seed,
            run_id=run.run_dir.run_id,
            primary=found[seeds.primary.name].reported,
            validation_loss=run.validation_loss,
            best_step=run.best_step,
            differs=_differs(samples, number, seeds.confidence),
        )
        for number, (run, found) in enumerate(zip(seeds.runs, seeds.tuned, strict=True))
    )


def _differs(samples: Sequence[Resampled], number: int, confidence: float) -> bool:
    """Whether a seed is outside what resampled items explain, at a level shared by all seeds (Bonferroni)."""
    rest = [sample for index, sample in enumerate(samples) if index != number]
    difference = samples[number].minus(_mean_of(rest))
    interval = bootstrap_interval(difference, 1 - (1 - confidence) / len(samples))
    return interval is not None and not interval.low <= 0 <= interval.high


def _mean_of(samples: Sequence[Resampled]) -> Resampled:
    return Resampled(
        float(np.mean([sample.value for sample in samples])),
        np.mean([sample.resamples_R for sample in samples], axis=0),
        np.mean([sample.left_out for sample in samples], axis=0),
    )


def _list_others(seeds: _Seeds) -> tuple[ModelResult, ...]:
    """Return the models that the training seed does not change, as the first run's own report has them."""
    first = seeds.runs[0].run_dir
    report = first.find_report() or evaluate_run(first)
    return tuple(result for result in report.results if result.model != TUNED)


def _compare(seeds: _Seeds, primary: SeedsMetric) -> tuple[Comparison, ...]:
    if seeds.primary.interval == "none" or primary.mean is None:
        return ()
    mean_R = mean_over_seeds([found[seeds.primary.name].sample for found in seeds.tuned], seeds.weights_RS)
    found = [_against(seeds, primary.mean, mean_R, other) for other in seeds.others]
    whole = [one for one in found if one is not None]
    adjusted = adjust_holm([one.p_value for one in whole])
    task_type = seeds.scored[0].spec.task.task_type
    return tuple(
        say_comparison(
            replace(one, p_value_holm=p_value),
            seeds.primary,
            names=(f"the mean of {len(seeds.runs)} seeds", model_phrase(one.other, task_type)),
        )
        for one, p_value in zip(whole, adjusted, strict=True)
    )


def _against(seeds: _Seeds, mean: float, mean_R: Floats, other: str) -> Comparison | None:
    sample = seeds.others[other][seeds.primary.name].sample
    interval = percentile_interval(mean_R - sample.resamples_R, seeds.confidence)
    if interval is None or not math.isfinite(sample.value):
        return None
    test, p_value = _test(seeds, other)
    return Comparison(
        model=TUNED,
        other=other,
        metric=seeds.primary.name,
        difference=round(mean - sample.value, 12),
        interval=interval,
        p_value=p_value,
        p_value_holm=p_value,
        test=test,
        num_items=len(seeds.scored[0].rows),
        num_only_model=0,
        num_only_other=0,
        sentence="",
    )


def _test(seeds: _Seeds, other: str) -> tuple[str, float]:
    """Return the test of the mean over these seeds against another model, and its p-value over items."""
    metric, resampling = seeds.primary, seeds.resampling
    answers = [one.answers[TUNED] for one in seeds.scored]
    other_answers = seeds.scored[0].answers[other]
    of_groups = " of groups" if resampling.has_groups else ""
    if metric.per_item is None:
        statistics = [exchange_statistic(metric, one, other_answers, resampling) for one in answers]
        p_value = permutation_p(
            lambda signs_RU: np.mean([statistic(signs_RU) for statistic in statistics], axis=0),
            num_units=resampling.num_bundles,
            num_resamples=resampling.num_resamples,
            seed=resampling.seed,
        )
        return f"permutation of the answers{of_groups}, mean over seeds", p_value
    mean_N = np.mean([metric.per_item(one) for one in answers], axis=0)
    differences_N = np.nan_to_num(mean_N - metric.per_item(other_answers))
    sums_U = np.bincount(resampling.bundle_N, weights=differences_N).astype(np.float64)
    p_value = sign_flip_p(sums_U, num_resamples=resampling.num_resamples, seed=resampling.seed)
    return f"sign-flip permutation{of_groups}, mean over seeds", p_value
