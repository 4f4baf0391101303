"""Intervals and tests: published anchors, comparison with scipy, and behaviour under the null."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aliquot.evaluation.resampling import Resampled, Resampling, resample
from aliquot.evaluation.statistics import (
    PairedCounts,
    adjust_holm,
    bootstrap_interval,
    mcnemar_p,
    paired_share_interval,
    permutation_p,
    sign_flip_p,
    wilson_interval,
)


def _resample_mean(values, num_resamples=2000, units=None, seed=0):
    unit_N = np.arange(len(values)) if units is None else np.array(units)
    resampling = Resampling(unit_N=unit_N, num_resamples=num_resamples, seed=seed)
    return resample([lambda counts: counts @ values / counts.sum(axis=1)], resampling)[0]


def test_wilson_of_the_published_example():
    interval = wilson_interval(327, 501, 0.95)
    assert (interval.low, interval.high) == pytest.approx((0.6100, 0.6931), abs=5e-5)


@given(st.integers(1, 500), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(num_items, data, confidence):
    num_right = data.draw(st.integers(0, num_items))
    interval = wilson_interval(num_right, num_items, confidence)
    other = stats.binomtest(num_right, num_items).proportion_ci(confidence, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((other.low, other.high), abs=1e-9)


def test_wilson_of_nothing_is_everything():
    assert (wilson_interval(0, 0, 0.95).low, wilson_interval(0, 0, 0.95).high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("first", "second", "p_value"), [(71, 30, 5.5e-5), (41, 46, 0.67), (0, 0, 1), (6, 0, 1 / 32)]
)
def test_mcnemar_of_worked_examples(first, second, p_value):
    assert mcnemar_p(first, second) == pytest.approx(p_value, rel=0.01)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_agrees_with_the_binomial_test_and_is_symmetric(first, second):
    assert mcnemar_p(first, second) == mcnemar_p(second, first)
    if first + second:
        assert mcnemar_p(first, second) == pytest.approx(
            stats.binomtest(first, first + second).pvalue, rel=1e-9
        )


def test_mcnemar_of_thousands_of_items_is_exact_and_quick():
    expected = 2 * stats.binom.cdf(9_900, 20_000, 0.5)
    assert mcnemar_p(9_900, 10_100) == pytest.approx(expected, rel=1e-9)


def test_bca_agrees_with_scipy():
    values = np.random.default_rng(3).lognormal(size=80)
    interval = bootstrap_interval(_resample_mean(values, 20_000), 0.95)
    other = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(4)
    ).confidence_interval
    assert (interval.low, interval.high) == pytest.approx((other.low, other.high), abs=0.04)
    assert interval.method == "bca"


def test_bca_covers_a_skewed_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(200):
        interval = bootstrap_interval(_resample_mean(rng.exponential(size=60), 400), 0.9)
        hits += interval.low <= 1.0 <= interval.high
    assert 0.82 <= hits / 200 <= 0.96


def test_dependent_items_of_a_group_widen_the_interval():
    values = np.repeat(np.random.default_rng(5).normal(size=30), 10)
    alone = bootstrap_interval(_resample_mean(values), 0.95)
    grouped = bootstrap_interval(_resample_mean(values, units=np.repeat(np.arange(30), 10)), 0.95)
    assert grouped.high - grouped.low > 2.5 * (alone.high - alone.low)


def test_a_constant_statistic_has_an_interval_of_no_width():
    interval = bootstrap_interval(_resample_mean(np.full(9, 0.1)), 0.95)
    assert interval.low == interval.high == pytest.approx(0.1)


def test_an_undefined_statistic_has_no_interval():
    nothing = np.full(100, np.nan)
    assert bootstrap_interval(Resampled(math.nan, nothing, nothing), 0.95) is None
    mostly = np.where(np.arange(100) < 10, np.nan, np.linspace(0, 1, 100))
    assert bootstrap_interval(Resampled(0.5, mostly, mostly), 0.95) is None


def test_a_hopelessly_skewed_sample_still_gives_an_interval():
    sample = Resampled(0.0, np.linspace(1, 2, 5000), np.r_[np.zeros(50), -100.0])
    interval = bootstrap_interval(sample, 0.999)
    assert 1 <= interval.low <= interval.high <= 2


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_few_differences_are_tested_by_all_sign_patterns(differences):
    values = np.array(differences, dtype=float)
    if not values.any():
        assert sign_flip_p(values, num_resamples=1000, seed=0) == 1.0
        return
    other = stats.permutation_test(
        (values, np.zeros_like(values)),
        lambda a, b, axis: (a - b).sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
    ).pvalue
    assert sign_flip_p(values, num_resamples=1000, seed=0) == pytest.approx(other)


def test_random_sign_patterns_come_close_to_the_t_test():
    differences = np.random.default_rng(2).normal(0.25, 1, size=100)
    p_value = sign_flip_p(differences, num_resamples=20_000, seed=1)
    assert p_value == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)


def test_a_permutation_p_is_never_zero():
    assert sign_flip_p(np.ones(50), num_resamples=999, seed=0) == pytest.approx(1 / 1000)


def test_sign_flips_reject_true_nulls_no_more_often_than_they_say():
    rng = np.random.default_rng(8)
    rejected = sum(sign_flip_p(rng.normal(size=25), num_resamples=199, seed=n) < 0.05 for n in range(400))
    assert rejected <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95)


def test_the_exchange_of_a_statistic_that_ignores_signs_shows_nothing():
    p_value = permutation_p(lambda signs: np.ones(len(signs)), num_units=30, num_resamples=100, seed=0)
    assert p_value == 1.0


def test_holm_of_a_worked_example():
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_only_raises_p_values_and_keeps_their_order(p_values):
    adjusted = adjust_holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_the_paired_interval_is_newcombes_example():
    # Newcombe, Stat. Med. 17, 2635 (1998), table II, method 10: 36, 12, 2 and 0 of 50 items.
    found = paired_share_interval(PairedCounts(both=36, only_first=12, only_second=2, neither=0), 0.95)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_the_paired_interval_does_not_shrink_to_nothing():
    found = paired_share_interval(PairedCounts(both=40, only_first=0, only_second=0, neither=0), 0.95)
    assert found.low == pytest.approx(-found.high)
    assert found.high > 0.05


def test_few_discordant_items_and_the_exact_test_say_the_same():
    # Three discordant items: McNemar's p is 0.25, so 0 must lie within the interval.
    found = paired_share_interval(PairedCounts(both=37, only_first=3, only_second=0, neither=0), 0.95)
    assert mcnemar_p(3, 0) == pytest.approx(0.25)
    assert found.low < 0 < found.high


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(sum))
def test_the_paired_interval_holds_the_difference_and_turns_with_the_models(counts):
    both, first, second, neither = counts
    found = paired_share_interval(PairedCounts(both, first, second, neither), 0.95)
    turned = paired_share_interval(PairedCounts(both, second, first, neither), 0.95)
    assert -1 - 1e-9 <= found.low <= (first - second) / sum(counts) <= found.high <= 1 + 1e-9
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(
    "chances", [(0.70, 0.15, 0.05, 0.10), (0.90, 0.06, 0.02, 0.02), (0.3, 0.2, 0.2, 0.3)]
)
def test_the_paired_interval_covers_about_as_often_as_it_says(chances):
    rng = np.random.default_rng(5)
    truth = chances[1] - chances[2]
    tables = rng.multinomial(50, [chances[0], chances[1], chances[2], chances[3]], 2000).tolist()
    intervals = [paired_share_interval(PairedCounts(*table), 0.95) for table in tables]
    covered = sum(one.low <= truth <= one.high for one in intervals) / len(intervals)
    assert 0.93 <= covered <= 0.985
