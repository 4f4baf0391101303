"""Statistics over seeds: worked by hand, and what must widen an interval does."""

from functools import partial

import numpy as np
import pytest

from aliquot.evaluation.across_seeds import (
    draw_seeds,
    mean_over_seeds,
    measure_consistency,
    percentile_interval,
)
from aliquot.evaluation.resampling import Resampled, Resampling, resample
from tests.fixtures.answers import make_answers, make_text_answers

NUM_RESAMPLES = 4000


def samples_of(scores_SN, seed=0):
    """Return each seed's mean score on the same resamples of items."""
    resampling = Resampling(unit_N=np.arange(len(scores_SN[0])), num_resamples=NUM_RESAMPLES, seed=seed)
    return resample([partial(mean_score, np.array(scores_N, float)) for scores_N in scores_SN], resampling)


def mean_score(scores_N, counts_RN):
    return counts_RN @ scores_N / counts_RN.sum(axis=1)


def interval_of(scores_SN):
    weights_RS = draw_seeds(len(scores_SN), NUM_RESAMPLES, 0)
    found = percentile_interval(mean_over_seeds(samples_of(scores_SN), weights_RS), 0.95)
    assert found is not None
    return found.low, found.high


@pytest.mark.parametrize("num_seeds", [2, 3, 7])
def test_one_seed_less_is_drawn_than_there_are(num_seeds):
    counts_RS = draw_seeds(num_seeds, NUM_RESAMPLES, 0) * (num_seeds - 1)
    assert counts_RS.shape == (NUM_RESAMPLES, num_seeds)
    assert counts_RS.sum(axis=1) == pytest.approx(num_seeds - 1)
    assert counts_RS == pytest.approx(np.round(counts_RS))
    assert counts_RS.mean(axis=0) == pytest.approx(1 - 1 / num_seeds, abs=0.1)
    # a seed is left out of (1 - 1/S)^(S - 1) of the resamples
    assert (counts_RS == 0).mean() == pytest.approx((1 - 1 / num_seeds) ** (num_seeds - 1), abs=0.02)


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_the_variance_of_a_mean_over_few_seeds_is_right(num_seeds):
    values_S = np.random.default_rng(num_seeds).normal(size=num_seeds)
    means_R = draw_seeds(num_seeds, 40_000, 0) @ values_S
    assert means_R.mean() == pytest.approx(values_S.mean(), abs=0.02)
    assert means_R.var() == pytest.approx(values_S.var(ddof=1) / num_seeds, rel=0.03)


def test_a_single_seed_is_always_drawn():
    assert (draw_seeds(1, 5, 0) == 1).all()


def test_the_mean_of_a_resample_by_hand():
    samples = [
        Resampled(0.0, np.array([0.0, 0.5]), np.zeros(1)),
        Resampled(1.0, np.array([1.0, 0.7]), np.zeros(1)),
    ]
    weights_RS = np.array([[0.5, 0.5], [0.0, 1.0]])
    assert mean_over_seeds(samples, weights_RS) == pytest.approx([0.5, 0.7])


def test_seeds_that_are_alike_leave_the_noise_of_the_items():
    scores = [1, 0, 1, 1, 0, 1, 1, 1, 0, 1] * 20
    [sample] = samples_of([scores])
    alone = percentile_interval(sample.resamples_R, 0.95)
    assert alone is not None
    assert interval_of([scores, scores, scores]) == pytest.approx((alone.low, alone.high))


def test_items_that_are_alike_leave_the_spread_of_the_seeds():
    # Two seeds, 0 and 1: one of them is drawn, so a resample has mean 0 or 1.
    assert interval_of([[0] * 50, [1] * 50]) == (0.0, 1.0)


def test_spread_of_the_seeds_widens_the_interval():
    rng = np.random.default_rng(1)
    alike, unlike = ([list(rng.random(400) < p) for p in shares] for shares in ([0.7] * 3, [0.5, 0.7, 0.9]))
    low, high = interval_of(alike)
    wide_low, wide_high = interval_of(unlike)
    assert wide_high - wide_low > 2 * (high - low)


def test_an_interval_of_values_that_are_mostly_undefined_is_none():
    assert percentile_interval(np.array([1.0] * 90 + [np.nan] * 10), 0.95) is None


def test_agreement_by_hand():
    outputs = [["yes", "no", "yes", "maybe"], ["Yes.", "no", "no", "maybe"], ["yes", "no", "no", "perhaps"]]
    answers = [make_answers("labels", ["yes"] * 4, one, labels=("yes", "no")) for one in outputs]
    found = measure_consistency(answers)
    # All agree on the first two. Pairs: 3 of 4 (a wrong answer twice is agreement), 2 of 4, 3 of 4.
    assert found.share_all_agree == 0.5
    assert found.mean_pairwise == pytest.approx((3 + 2 + 3) / 12)
    assert found.num_items == 4


def test_plain_texts_are_no_answers_on_which_seeds_could_agree():
    answers = [make_text_answers(["ab", "cd"], [-1.0, -2.0], [1, 1])] * 2
    assert measure_consistency(answers).num_items == 0
