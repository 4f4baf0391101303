"""Learning curves from resampled scores: known curves, controls that must not promise, and coverage."""

from dataclasses import replace

import numpy as np
import pytest

from aliquot.core.curve import Curve, CurvePoint
from aliquot.core.result import Interval
from aliquot.evaluation.curve_wording import judge, say_check, say_efficiency, say_outlook
from aliquot.evaluation.learning_curve import (
    compare_rows_needed,
    describe_fit,
    expect,
    fit_curve,
    list_gains,
    point_interval,
    sample_errors,
    slope_interval,
)
from aliquot.evaluation.metric import get_metric, mean_of
from aliquot.evaluation.resampling import Resampling, resample

ACCURACY = get_metric("accuracy")
SIZES = (62, 125, 250, 500, 1000)
NUM_ITEMS = 200


def measure(rights, *, num_resamples=300, metric=ACCURACY):
    """Scores of shape PSN (sizes, seeds, items) → what a study would have of them."""
    num_sizes, num_seeds, num_items = rights.shape
    resampling = Resampling(unit_N=np.arange(num_items), num_resamples=num_resamples, seed=7)
    flat = resample([mean_of(one) for one in rights.reshape(-1, num_items)], resampling)
    by_size = [flat[place * num_seeds : (place + 1) * num_seeds] for place in range(num_sizes)]
    return sample_errors(SIZES[-num_sizes:], by_size, metric, confidence=0.95, seed=7)


def draw(law, rng, *, num_seeds=2, sd=0.02, num_items=NUM_ITEMS):
    """Right or wrong answers of models whose errors follow a law; items differ in how hard they are."""
    errors_P = np.array([law(size) for size in SIZES])
    of_seed_PS = np.clip(errors_P[:, None] + sd * rng.normal(size=(len(SIZES), num_seeds)), 1e-4, 1 - 1e-4)
    hardness_N, own_PSN = rng.normal(size=num_items), rng.normal(size=(len(SIZES), num_seeds, num_items))
    rank_PSN = 0.8 * hardness_N + 0.6 * own_PSN  # standard normal
    from scipy.stats import norm

    return (rank_PSN >= norm.ppf(of_seed_PS)[:, :, None]).astype(float)


def exact(errors, num_items=1000):
    """One seed that is wrong on the first so many items."""
    return np.array([[np.arange(num_items) >= round(error * num_items)] for error in errors], float)


def judged(samples, metric=ACCURACY):
    fitted = fit_curve(samples)
    gains = list_gains(fitted) if fitted else ()
    return judge(gains, slope_interval(samples), float(samples.errors_P[-1]), metric)


def test_the_errors_and_their_means_over_seeds_by_hand():
    rights = np.zeros((5, 2, 10))
    rights[:, 0, :6] = 1  # 0.6 right
    rights[:, 1, :8] = 1  # 0.8 right
    samples = measure(rights)
    assert samples.errors_P == pytest.approx([0.3] * 5)
    # One of two seeds is drawn: sd 0.1, that of a mean of two whose own sd is 0.14.
    fixed = sample_errors(
        SIZES, [[one, two] for one, two in [_constant(0.6, 0.8)] * 5], ACCURACY, confidence=0.95, seed=1
    )
    assert fixed.errors_RP.std(axis=0) == pytest.approx([0.1] * 5, rel=0.1)


def _constant(*values):
    from aliquot.evaluation.resampling import Resampled

    return [Resampled(value, np.full(1000, value), np.full(10, value)) for value in values]


def test_a_falling_error_promises_a_gain_that_holds_the_true_one():
    law = lambda n: 0.1 + 2 * n**-0.4  # noqa: E731
    samples = measure(draw(law, np.random.default_rng(3), num_items=1000))
    fitted = fit_curve(samples)
    twice, four_times = list_gains(fitted)
    assert judged(samples) == "helps"
    assert twice.num_more == 1000
    assert four_times.num_more == 3000
    assert twice.low <= law(1000) - law(2000) <= twice.high
    assert four_times.low <= law(1000) - law(4000) <= four_times.high


def test_a_flat_curve_promises_nothing():
    verdicts = [judged(measure(draw(lambda n: 0.3, np.random.default_rng(seed)))) for seed in range(30)]
    assert verdicts.count("helps") <= 3
    assert verdicts.count("hardly") + verdicts.count("cannot_tell") >= 26


def test_a_score_that_falls_with_more_rows_is_told_as_such():
    samples = measure(exact([0.1, 0.15, 0.2, 0.25, 0.3]))
    assert judged(samples) == "falls"
    gains = list_gains(fit_curve(samples))
    assert [gain.gain for gain in gains] == [0, 0]
    curve = _curve(slope=slope_interval(samples), verdict="falls")
    assert (
        "accuracy got worse with more rows, by about 5.0 points"
        in say_outlook(curve, ACCURACY, confidence=0.95).lower()
    )


def test_a_curve_that_has_come_to_its_end_hardly_gains():
    samples = measure(exact([0.4, 0.2, 0.1, 0.1, 0.1], num_items=3000))
    assert judged(samples) == "hardly"


def test_three_sizes_are_too_few_for_any_promise():
    samples = measure(exact([0.3, 0.2, 0.1]))
    assert fit_curve(samples) is None
    assert judged(samples) == "cannot_tell"
    sentence = say_outlook(_curve(num_points=3), ACCURACY, confidence=0.95)
    assert sentence == (
        "What more rows would bring cannot be told: 3 sizes are too few to fit a curve to, 4 are needed."
    )


def test_nothing_is_said_beyond_four_times_the_rows():
    fitted = fit_curve(measure(exact([0.5, 0.4, 0.32, 0.27, 0.23])))
    assert max(one.num_rows for one in describe_fit(fitted, ACCURACY).band) == 4000
    with pytest.raises(AssertionError, match="too far"):
        expect(fitted, [4100], ACCURACY)


def test_the_curve_without_the_largest_size_is_tried_on_it():
    fit = describe_fit(fit_curve(measure(exact([0.5, 0.4, 0.32, 0.256, 0.205]))), ACCURACY)
    assert fit.last_check.num_rows == 1000
    assert fit.last_check.value == pytest.approx(0.795, abs=0.01)
    good = say_check(fit, 0.795, Interval(low=0.77, high=0.82, confidence=0.95, method=""), 1000)
    bad = say_check(fit, 0.5, Interval(low=0.48, high=0.52, confidence=0.95, method=""), 1000)
    assert "missed" not in good
    assert "extrapolation missed here" in bad


def test_one_model_that_needs_four_times_the_rows_of_another_is_told_so():
    # Errors 1 / sqrt(n / 10) and 2 / sqrt(n / 10): the second at 1,000 rows is the first at 250.
    better, worse = ([factor * (10 / n) ** 0.5 for n in SIZES] for factor in (1, 2))
    one, other = (fit_curve(measure(exact(errors, 20_000))) for errors in (better, worse))
    factor, low, high, most = compare_rows_needed(one, other)
    assert factor == pytest.approx(4, rel=0.02)
    assert low < 4 < high
    assert most == pytest.approx(1000 / 62)
    assert compare_rows_needed(other, one)[0] == pytest.approx(1 / factor, rel=1e-6)
    assert "about 250: it needs 4 times as many [3.9, 4.1]" in say_efficiency(
        4.0, 3.9, 4.1, most, model="the tuned model", other="the linear model", num_rows=1000
    )


def test_a_factor_beyond_the_sizes_is_a_bound():
    one = fit_curve(measure(exact([0.1, 0.09, 0.08, 0.07, 0.06])))
    other = fit_curve(measure(exact([0.6, 0.55, 0.5, 0.45, 0.4])))
    factor, _, high, most = compare_rows_needed(one, other)
    assert factor == high == most
    said = say_efficiency(
        factor, most, most, most, model="the tuned model", other="the linear model", num_rows=1000
    )
    assert "more than 16 times" in said
    assert "no better than the tuned model with 62, the fewest tried" in said


def test_a_model_against_itself_needs_as_many_rows():
    fitted = fit_curve(measure(exact([0.5, 0.4, 0.32, 0.27, 0.23])))
    assert compare_rows_needed(fitted, fitted)[:3] == pytest.approx((1, 1, 1))


def test_errors_of_a_metric_where_lower_is_better_are_its_values():
    metric = get_metric("mean_absolute_error")
    samples = measure(1 - exact([0.5, 0.4, 0.32, 0.27, 0.23]), metric=metric)
    assert samples.errors_P == pytest.approx([0.5, 0.4, 0.32, 0.27, 0.23])
    interval = point_interval(samples, 4, metric)
    assert interval.low < 0.23 < interval.high


def test_an_undefined_metric_is_not_fitted():
    samples = measure(exact([0.5, 0.4, 0.32, 0.27, 0.23]))
    samples.errors_RP[: len(samples.errors_RP) // 2, 2] = np.nan
    assert fit_curve(samples) is None


@pytest.mark.parametrize(
    "law", [lambda n: 0.1 + 2 * n**-0.4, lambda n: 1.5 * n**-0.3], ids=["with a floor", "without"]
)
def test_band_and_gain_cover_what_they_should(law):
    trials, covered, gains = 60, np.zeros(3), 0
    for seed in range(trials):
        fitted = fit_curve(measure(draw(law, np.random.default_rng(seed))))
        told = expect(fitted, [1000, 2000, 4000], ACCURACY)
        covered += [one.low <= 1 - law(one.num_rows) <= one.high for one in told]
        twice = list_gains(fitted)[0]
        gains += twice.low <= law(1000) - law(2000) <= twice.high
    # Of 60 trials at 95 % fewer than 52 happen once in a thousand.
    assert (covered >= 52).all(), covered
    assert gains >= 52


def _curve(*, num_points=5, slope=None, verdict="cannot_tell"):
    points = [
        CurvePoint(num_rows=size, value=0.5, interval=None, by_seed=(0.5,)) for size in SIZES[-num_points:]
    ]
    return Curve(
        model="tuned",
        title="tuned",
        kind="tuned",
        base="b",
        points=tuple(points),
        slope=slope,
        verdict=verdict,
    )


def test_resamples_stay_paired_where_one_is_undefined_for_one_model():
    """A model against itself needs as many rows in every resample, also when one of them is missing."""
    whole = measure(draw(lambda n: 0.1 + 2 * n**-0.4, np.random.default_rng(3)))
    holed = replace(whole, errors_RP=whole.errors_RP.copy())
    holed.errors_RP[0] = np.nan
    assert compare_rows_needed(fit_curve(holed), fit_curve(whole))[:3] == pytest.approx((1, 1, 1), abs=0.05)


def test_one_seed_is_not_said_to_have_been_drawn():
    rights = draw(lambda n: 0.1 + 2 * n**-0.4, np.random.default_rng(3), num_seeds=1)
    assert point_interval(measure(rights), 0, ACCURACY).method == "bootstrap of items"
    assert slope_interval(measure(np.repeat(rights, 2, axis=1))).method == "bootstrap of seeds and items"


def test_a_model_that_is_wrong_on_every_item_has_no_interval_of_no_width():
    samples = measure(exact([1.0, 0.9, 0.8, 0.7, 0.6]))
    assert point_interval(samples, 0, ACCURACY) is None
    assert point_interval(samples, 1, ACCURACY).low < 0.1 < point_interval(samples, 1, ACCURACY).high
