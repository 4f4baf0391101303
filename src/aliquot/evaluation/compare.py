"""Paired comparisons of models on the same items, with a sentence each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from aliquot.core.result import Comparison, Interval
from aliquot.core.wording import in_sentence, p_text
from aliquot.evaluation.answers import Answers, Floats, join_answers
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.resampling import Resampled, Resampling, Statistic, Sums, sum_by_bundle
from aliquot.evaluation.statistics import (
    PairedCounts,
    adjust_holm,
    bootstrap_interval,
    mcnemar_p,
    paired_share_interval,
    permutation_p,
    sign_flip_p,
)
from aliquot.evaluation.wording import (
    TITLES,
    begin_with,
    format_difference,
    model_phrase,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What every comparison of a report shares.

    Attributes:
        metric: The primary metric.
        answers: Answers by model, all to the same items in the same order.
        resampled: The primary metric by model, all on the same resamples.
        resampling: How items were drawn; its units are what a permutation exchanges.
        confidence: Of the intervals; 1 minus it is the level below which a difference counts.
        task_type: For the words.
    """

    metric: Metric
    answers: Mapping[str, Answers]
    resampled: Mapping[str, Resampled]
    resampling: Resampling
    confidence: float
    task_type: str


Pairs = Sequence[tuple[str, str]]


def choose_pairs(models: Sequence[str], reference: str = "tuned") -> dict[str, Pairs]:
    """Return the pairs to compare by family: tuned with every other, and the linear model with base.

    Where answers made elsewhere are compared there are two families: every two of these models, and each of
    them with each simple baseline. Baselines that nobody asked for cost the first family nothing.
    """
    of_base = [("linear", "base")] if "linear" in models and "base" in models else []
    if reference not in models:
        return {"": of_base}
    if reference in TITLES:
        return {"": [*((reference, other) for other in models if other != reference), *of_base]}
    given = sorted((model for model in models if model not in TITLES), key=lambda model: model != reference)
    baselines = [model for model in models if model in TITLES]
    return {"models": [*combinations(given, 2)], "baselines": [*product(given, baselines)]}


def compare_families(contest: Contest, families: Mapping[str, Pairs]) -> list[Comparison]:
    """Return the comparisons of all families, p-values adjusted within each."""
    return [
        replace(comparison, family=family)
        for family, pairs in families.items()
        for comparison in compare_models(contest, pairs)
    ]


def compare_models(contest: Contest, pairs: Pairs) -> list[Comparison]:
    """Return the comparisons, their p-values adjusted by Holm's method within this family.

    A pair is left out when the metric or its interval is undefined for one of the two.
    """
    found = [_compare(contest, model, other) for model, other in pairs]
    comparisons = [comparison for comparison in found if comparison is not None]
    adjusted = adjust_holm([comparison.p_value for comparison in comparisons])
    return [
        _with_sentence(replace(comparison, p_value_holm=p_value), contest)
        for comparison, p_value in zip(comparisons, adjusted, strict=True)
    ]


def is_distinguished(comparison: Comparison) -> bool:
    """Return whether the difference is one at the report's level, after Holm's adjustment."""
    return comparison.p_value_holm < 1 - comparison.interval.confidence


def is_model_better(comparison: Comparison, metric: Metric) -> bool:
    """Return whether the first model's value is the better one, by however little."""
    return metric.is_better(comparison.difference, 0.0)


def _compare(contest: Contest, model: str, other: str) -> Comparison | None:
    if contest.metric.interval == "none" or contest.metric.direction == "zero":
        return None
    if not all(math.isfinite(contest.resampled[name].value) for name in (model, other)):
        return None
    sample = contest.resampled[model].minus(contest.resampled[other])
    interval = _interval(contest, model, other)
    if interval is None:
        return None
    only_model, only_other = _count_discordant(contest, model, other)
    test, p_value = _test(contest, model, other)
    return Comparison(
        model=model,
        other=other,
        metric=contest.metric.name,
        difference=round(sample.value, 12),  # 0.335, where subtracting shares gives 0.33499…
        interval=interval,
        p_value=p_value,
        p_value_holm=p_value,
        test=test,
        num_items=len(contest.answers[model]),
        num_only_model=only_model,
        num_only_other=only_other,
        sentence="",
    )


def _interval(contest: Contest, model: str, other: str) -> Interval | None:
    """Return the interval of the difference; for shares of independent items one that fits the exact test."""
    if _is_share(contest):
        only_model, only_other = _count_discordant(contest, model, other)
        right = int(contest.metric.per_item(contest.answers[model]).sum()) if contest.metric.per_item else 0
        both = right - only_model
        neither = len(contest.answers[model]) - both - only_model - only_other
        counts = PairedCounts(both=both, only_first=only_model, only_second=only_other, neither=neither)
        return paired_share_interval(counts, contest.confidence)
    interval = bootstrap_interval(
        contest.resampled[model].minus(contest.resampled[other]), contest.confidence
    )
    return replace(interval, method="paired bootstrap, BCa") if interval else None


def _is_share(contest: Contest) -> bool:
    """Whether every item is right or wrong, and independent of the others."""
    return contest.metric.interval == "wilson" and not contest.resampling.has_groups


def _test(contest: Contest, model: str, other: str) -> tuple[str, float]:
    """Return the test's name and its p-value; which test follows from the metric and the units."""
    resampling = contest.resampling
    if contest.metric.per_item is None:
        return "permutation of the two models' answers", _exchange_p(contest, model, other)
    if _is_share(contest):
        return "exact McNemar", mcnemar_p(*_count_discordant(contest, model, other))
    first_N, second_N = (contest.metric.per_item(contest.answers[name]) for name in (model, other))
    differences_N = np.nan_to_num(first_N - second_N)
    sums_U = np.bincount(resampling.bundle_N, weights=differences_N).astype(np.float64)
    p_value = sign_flip_p(sums_U, num_resamples=resampling.num_resamples, seed=resampling.seed)
    return f"sign-flip permutation{' of groups' if resampling.has_groups else ''}", p_value


def _exchange_p(contest: Contest, model: str, other: str) -> float:
    """Return the p-value of exchanging the two models' answers unit by unit, for any metric."""
    return permutation_p(
        exchange_statistic(
            contest.metric, contest.answers[model], contest.answers[other], contest.resampling
        ),
        num_units=contest.resampling.num_bundles,
        num_resamples=contest.resampling.num_resamples,
        seed=contest.resampling.seed,
    )


def exchange_statistic(metric: Metric, first: Answers, second: Answers, resampling: Resampling) -> Statistic:
    """Return the difference of two models as a function of signs RU; -1 exchanges their answers to a unit."""
    mine, other = metric.bind(first), metric.bind(second)
    if isinstance(mine, Sums) and isinstance(other, Sums):
        return _exchange_sums(mine, other, resampling)
    metric_of = metric.bind(join_answers(first, second))

    def differences(signs_RU: Floats) -> Floats:
        keeps_RN = (signs_RU[:, resampling.bundle_N] + 1) / 2
        of_first = metric_of(np.hstack([keeps_RN, 1 - keeps_RN]))
        of_second = metric_of(np.hstack([1 - keeps_RN, keeps_RN]))
        return np.nan_to_num(of_first - of_second)

    return differences


def _exchange_sums(first: Sums, second: Sums, resampling: Resampling) -> Statistic:
    """Return it for a function of sums: what is exchanged moves from one model's sums to the other's."""
    of_first_UC, of_second_UC = (sum_by_bundle(one.columns_NC, resampling) for one in (first, second))
    total_C = of_first_UC.sum(axis=0) + of_second_UC.sum(axis=0)

    def differences(signs_RU: Floats) -> Floats:
        keeps_RU = (signs_RU + 1) / 2
        first_RC = keeps_RU @ of_first_UC + (1 - keeps_RU) @ of_second_UC
        return np.nan_to_num(first.of_sums(first_RC) - second.of_sums(total_C - first_RC))

    return differences


def _count_discordant(contest: Contest, model: str, other: str) -> tuple[int, int]:
    """Return how many items only one of the two gets right; zeros where items are not right or wrong."""
    if contest.metric.per_item is None or contest.metric.interval != "wilson":
        return 0, 0
    first_N, second_N = (contest.metric.per_item(contest.answers[name]) for name in (model, other))
    return int((first_N > second_N).sum()), int((first_N < second_N).sum())


def _with_sentence(comparison: Comparison, contest: Contest) -> Comparison:
    # Told from the better side, so that a positive figure is an advantage whatever the metric's direction.
    is_first = is_model_better(comparison, contest.metric) or not comparison.difference
    pair = (comparison.model, comparison.other) if is_first else (comparison.other, comparison.model)
    winner, loser = (model_phrase(name, contest.task_type) for name in pair)
    sign = 1 if (contest.metric.direction == "higher") == is_first else -1
    ends = sorted((sign * comparison.interval.low, sign * comparison.interval.high))
    interval = replace(comparison.interval, low=ends[0], high=ends[1])
    amount = format_difference(sign * comparison.difference, interval, contest.metric)
    in_metric = "" if contest.metric.unit == "share" else f" in {in_sentence(contest.metric.title)}"
    p_value = p_text(comparison.p_value_holm)
    if is_distinguished(comparison):
        sentence = (
            f"On {comparison.num_items:,} items {winner} beats {loser} by {amount}{in_metric}, {p_value}."
        )
        return replace(comparison, sentence=sentence)
    sentence = f"{winner} and {loser} cannot be told apart (difference {amount}{in_metric}, {p_value})."
    return replace(comparison, sentence=begin_with(pair[0], sentence))
