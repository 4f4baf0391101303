"""One model's learning curve: means over seeds, a fitted power law with its band, and what more rows bring.

Everything is computed on the same resamples: of test items, the same for all sizes and models, so that what
all sizes have in common cancels in differences; and of seeds, drawn anew for each size. Shape letters:
P sizes, S seeds, R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aliquot.core.curve import CurveFit, Expected, Gain
from aliquot.core.result import Interval
from aliquot.evaluation.across_seeds import draw_seeds, mean_over_seeds, percentile_interval
from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.power_law import PowerLaws, fit_power_laws, slopes
from aliquot.evaluation.resampling import Resampled

MIN_SIZES = 4
"""Three numbers are fitted; fewer sizes than four leave nothing that could contradict the curve."""
FARTHEST = 4
"""Extrapolation ends at four times the rows seen (Hestness 2017; Viering and Loog 2022)."""
BAND_PLACES = 33
_MIN_WEIGHT = 0.01
"""A size whose resamples hardly vary weighs at most a hundred times the most uncertain one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A model's errors: the distance of the metric from its best possible value.

    Attributes:
        sizes_P: Training rows.
        errors_P: Means over seeds.
        errors_RP: The same in each resample; NaN where the metric is undefined.
        confidence: Of intervals.
        has_seeds: Whether seeds were drawn too; a single one cannot be.
    """

    sizes_P: Floats
    errors_P: Floats
    errors_RP: Floats
    confidence: float
    has_seeds: bool = True

    @property
    def method(self) -> str:
        """Return what was drawn again for the intervals."""
        return "bootstrap of seeds and items" if self.has_seeds else "bootstrap of items"

    @property
    def is_defined_R(self) -> np.ndarray:
        """Return in which resamples the metric is defined at every size."""
        return np.asarray(np.isfinite(self.errors_RP).all(axis=1))

    @property
    def defined_RP(self) -> Floats:
        """Return the resamples in which the metric is defined at every size."""
        return self.errors_RP[self.is_defined_R]

    @property
    def weights_P(self) -> Floats:
        """Return 1 / variance of each error; all equal where nothing varies."""
        variance_P = self.defined_RP.var(axis=0)
        least = _MIN_WEIGHT * float(variance_P.max(initial=0.0))
        return 1 / np.maximum(variance_P, least) if least > 0 else np.ones(len(variance_P))

    @property
    def can_be_fitted(self) -> bool:
        """Whether there are enough sizes, and the metric is defined in nearly all resamples."""
        enough = len(self.defined_RP) >= max(1.0, 0.95 * len(self.errors_RP))
        return enough and len(self.sizes_P) >= MIN_SIZES and bool(np.isfinite(self.errors_P).all())

    def without_last(self) -> Samples:
        """Return all sizes but the largest."""
        return Samples(
            sizes_P=self.sizes_P[:-1],
            errors_P=self.errors_P[:-1],
            errors_RP=self.errors_RP[:, :-1],
            confidence=self.confidence,
            has_seeds=self.has_seeds,
        )

    def quantiles(self, values: Floats) -> Floats:
        """Return both ends of an interval of values over resamples, along the first axis."""
        return np.quantile(values, [(1 - self.confidence) / 2, (1 + self.confidence) / 2], axis=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Curves of the errors: of the means themselves, and of every resample.

    Attributes:
        without_floor: Curves of every resample that come down to no error at all, where such a curve cannot
            be excluded; else None.
    """

    samples: Samples
    mean: PowerLaws
    resampled: PowerLaws
    without_floor: PowerLaws | None


def best_value(metric: Metric) -> float | None:
    """Return the best value that a metric can have, from which errors are counted; None if there is none."""
    return {"higher": metric.range[1], "lower": metric.range[0]}.get(metric.direction)


def sample_errors(
    sizes: Sequence[float],
    by_size: Sequence[Sequence[Resampled]],
    metric: Metric,
    *,
    confidence: float,
    seed: int,
) -> Samples:
    """Return the errors of one model.

    Args:
        sizes: Training rows of each size.
        by_size: The metric of each seed at each size, all on the same resamples of items.
        metric: What is measured; it must have a best value.
        confidence: Of intervals.
        seed: Of the drawing of seeds.
    """
    best, sign = best_value(metric), 1 if metric.direction == "higher" else -1
    assert best is not None, f"{metric.name} has no best value"
    means = [float(np.mean([one.value for one in found])) for found in by_size]
    drawn = [
        mean_over_seeds(found, draw_seeds(len(found), len(found[0].resamples_R), [seed, place]))
        for place, found in enumerate(by_size)
    ]
    return Samples(
        sizes_P=np.array(sizes, float),
        errors_P=sign * (best - np.array(means)),
        errors_RP=sign * (best - np.stack(drawn, axis=1)),
        confidence=confidence,
        has_seeds=any(len(found) > 1 for found in by_size),
    )


def point_interval(samples: Samples, place: int, metric: Metric) -> Interval | None:
    """Return the interval of the metric at one size; None where all resamples are alike."""
    sign, best = _scale(metric)
    values_R = best - sign * samples.errors_RP[:, place]
    found = percentile_interval(values_R, samples.confidence, samples.method)
    return None if found and found.low == found.high else found


def slope_interval(samples: Samples) -> Interval | None:
    """Return by how much the metric gets better per doubling of the rows: the interval of a straight line."""
    if len(samples.sizes_P) < 2 or not len(samples.defined_RP):
        return None
    falls_R = -slopes(samples.sizes_P, samples.defined_RP, samples.weights_P)
    return percentile_interval(falls_R, samples.confidence, samples.method)


def fit_curve(samples: Samples) -> Fitted | None:
    """Return the fitted curves, or None when there is too little to fit them to."""
    if not samples.can_be_fitted:
        return None
    sizes_P, weights_P = samples.sizes_P, samples.weights_P
    resampled = fit_power_laws(sizes_P, samples.defined_RP, weights_P)
    # At the border a = 0 a bootstrap falls short: half of the resamples of a curve without a floor have one,
    # and all of these promise too little. While a = 0 cannot be excluded its curves are heard as well.
    may_be_zero = (resampled.floor_R <= 0).mean() > (1 - samples.confidence) / 2
    bare = fit_power_laws(sizes_P, samples.defined_RP, weights_P, has_floor=False) if may_be_zero else None
    return Fitted(
        samples=samples,
        mean=fit_power_laws(sizes_P, samples.errors_P[None], weights_P),
        resampled=resampled,
        without_floor=bare,
    )


def expect(fitted: Fitted, sizes: Sequence[float], metric: Metric) -> tuple[Expected, ...]:
    """Return what the curve says of some numbers of rows, none beyond four times the largest."""
    sizes_K = np.asarray(sizes, float)
    assert sizes_K.max() <= FARTHEST * fitted.samples.sizes_P[-1] * (1 + 1e-9), "too far to be said"
    sign, best = _scale(metric)
    ends = fitted.samples.quantiles(fitted.resampled.errors(sizes_K))
    if fitted.without_floor:
        ends[0] = np.minimum(ends[0], fitted.samples.quantiles(fitted.without_floor.errors(sizes_K))[0])
    values_K, ends = best - sign * fitted.mean.errors(sizes_K)[0], np.sort(best - sign * ends, axis=0)
    return tuple(
        Expected(num_rows=round(size), value=float(value), low=float(low), high=float(high))
        for size, value, low, high in zip(sizes_K, values_K, *ends, strict=True)
    )


def describe_fit(fitted: Fitted, metric: Metric) -> CurveFit:
    """Return the curve as a record."""
    samples, mean = fitted.samples, fitted.mean
    floors, exponents = (
        samples.quantiles(values) for values in (fitted.resampled.floor_R, fitted.resampled.exponent_R)
    )
    exponent = float(mean.exponent_R[0])
    places = np.geomspace(samples.sizes_P[0], FARTHEST * samples.sizes_P[-1], BAND_PLACES)
    before = fit_curve(samples.without_last())
    return CurveFit(
        floor=float(mean.floor_R[0]),
        floor_low=float(floors[0]),
        floor_high=float(floors[1]),
        scale=float(mean.gain_R[0]) * mean.largest**exponent,
        exponent=exponent,
        exponent_low=float(exponents[0]),
        exponent_high=float(exponents[1]),
        band=expect(fitted, places.tolist(), metric),
        last_check=expect(before, [samples.sizes_P[-1]], metric)[0] if before else None,
    )


def list_gains(fitted: Fitted) -> tuple[Gain, ...]:
    """Return what twice and four times the rows would bring, in units of the metric; positive is better."""
    largest = float(fitted.samples.sizes_P[-1])
    return tuple(_gain(fitted, largest, times) for times in (2, FARTHEST))


def _gain(fitted: Fitted, largest: float, times: int) -> Gain:
    places = np.array([largest, times * largest])
    low, high = fitted.samples.quantiles(_fall(fitted.resampled, places))
    if fitted.without_floor:
        high = max(high, fitted.samples.quantiles(_fall(fitted.without_floor, places))[1])
    return Gain(
        num_more=round((times - 1) * largest),
        gain=float(_fall(fitted.mean, places)[0]),
        low=float(low),
        high=float(high),
    )


def _fall(laws: PowerLaws, places: Floats) -> Floats:
    errors_RK = laws.errors(places)
    return errors_RK[:, 0] - errors_RK[:, 1]


def compare_rows_needed(one: Fitted, other: Fitted) -> tuple[float, float, float, float]:
    """Return how many times the rows ``other`` needs to be as good as ``one``, interval, and the most seen.

    The worse model's score with all rows is looked up on the better one's curve, so nothing is extrapolated;
    a factor below 1 says that ``one`` needs more. This is the ratio of numbers of rows at which two learning
    curves have the same height (Jablonka et al. 2024, doi 10.1038/s42256-023-00788-1).
    """
    most = float(one.samples.sizes_P[-1] / one.samples.sizes_P[0])
    # A resample holds the same items for both; one that is undefined for either counts for neither.
    mine_R, its_R = one.samples.is_defined_R, other.samples.is_defined_R
    mine, its = _take(one.resampled, its_R[mine_R]), _take(other.resampled, mine_R[its_R])
    factors_R = _factors(mine, its, one.samples)
    factor = _factors(one.mean, other.mean, one.samples)[0]
    low, high = one.samples.quantiles(factors_R)
    return float(factor), float(low), float(high), most


def _factors(one: PowerLaws, other: PowerLaws, samples: Samples) -> Floats:
    smallest, largest = float(samples.sizes_P[0]), float(samples.sizes_P[-1])
    last = np.array([largest])
    of_one, of_other = one.errors(last)[:, 0], other.errors(last)[:, 0]
    by_one = largest / one.sizes(of_other, smallest, largest)
    by_other = other.sizes(of_one, smallest, largest) / largest
    return np.where(of_one <= of_other, by_one, by_other)


def _take(laws: PowerLaws, is_taken_R: np.ndarray) -> PowerLaws:
    return PowerLaws(
        laws.floor_R[is_taken_R], laws.gain_R[is_taken_R], laws.exponent_R[is_taken_R], laws.largest
    )


def _scale(metric: Metric) -> tuple[int, float]:
    best = best_value(metric)
    assert best is not None and math.isfinite(best), f"{metric.name} has no best value"
    return (1 if metric.direction == "higher" else -1), best
