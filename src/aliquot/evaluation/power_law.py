"""How an error falls with the number of training rows: error(n) = a + b * n^-c, fitted to a few sizes.

The form is that of measured learning curves: Hestness et al. 2017 (arXiv 1712.00409) with a floor a that no
number of rows removes, Rosenfeld et al. 2020 (arXiv 1909.12673). How far curves of this form can be trusted:
Viering and Loog 2022 (arXiv 2103.10948). Shape letters: P sizes, R resamples, C exponents, K places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aliquot.evaluation.answers import Floats

MIN_EXPONENT, MAX_EXPONENT = 0.01, 3.0
"""Measured exponents lie between 0.05 and 1 (Hestness); beyond these bounds a curve is flat or a step."""
NUM_EXPONENTS = 100
NUM_CUTS = 24
"""Golden sections after the grid: the exponent is then exact to about six digits."""
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class PowerLaws:
    """Fitted curves, one per resample.

    Attributes:
        floor_R: a, the error that remains however many rows there are; at least 0.
        gain_R: b at the largest size: what of the error there would still go; at least 0.
        exponent_R: c.
        largest: The largest size, in rows: error(n) = floor + gain * (n / largest)^-exponent.
    """

    floor_R: Floats
    gain_R: Floats
    exponent_R: Floats
    largest: float

    def errors(self, sizes_K: Floats) -> Floats:
        """Return the errors at some sizes, of shape RK."""
        fall_RK = (np.asarray(sizes_K) / self.largest) ** -self.exponent_R[:, None]
        return self.floor_R[:, None] + self.gain_R[:, None] * fall_RK

    def sizes(self, errors_R: Floats, low: float, high: float) -> Floats:
        """Return at which size each curve comes down to an error, held between two sizes.

        A curve that never comes down so far does so at ``high``; one that is always below, at ``low``.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            share_R = np.maximum(errors_R - self.floor_R, 0.0) / self.gain_R
            sizes_R = self.largest * share_R ** (-1 / self.exponent_R)
        is_flat_R = self.gain_R <= 0
        sizes_R = np.where(is_flat_R & (errors_R >= self.floor_R), low, sizes_R)
        return np.clip(np.where(np.isfinite(sizes_R), sizes_R, high), low, high)


def fit_power_laws(
    sizes_P: Floats, errors_RP: Floats, weights_P: Floats, *, has_floor: bool = True
) -> PowerLaws:
    """Return the curve of least weighted squares of each resample, with a and b at least 0.

    For a given exponent the best a and b are exact; the exponent is sought over a grid and then by golden
    sections. So there is no starting value, and a fit cannot get stuck.

    Args:
        sizes_P: Numbers of training rows, at least two different ones.
        errors_RP: Errors in each resample.
        weights_P: Of the squares: 1 / variance of the error at each size.
        has_floor: Whether an error may remain; else a is 0.
    """
    sizes_P = np.asarray(sizes_P, float)
    largest = float(sizes_P.max())
    problem = _Problem(
        sizes_P / largest, errors_RP, np.asarray(weights_P, float) / np.sum(weights_P), has_floor
    )
    grid_C = np.geomspace(MIN_EXPONENT, MAX_EXPONENT, NUM_EXPONENTS)
    losses_CR = np.stack([problem.solve(np.array([exponent]))[2] for exponent in grid_C])
    best_R = losses_CR.argmin(axis=0)
    low_R = grid_C[np.maximum(best_R - 1, 0)]
    high_R = grid_C[np.minimum(best_R + 1, NUM_EXPONENTS - 1)]
    exponent_R = _narrow(problem, low_R, high_R)
    floor_R, gain_R, _ = problem.solve(exponent_R)
    return PowerLaws(floor_R, gain_R, exponent_R, largest)


def slopes(sizes_P: Floats, errors_RP: Floats, weights_P: Floats) -> Floats:
    """Return by how much the error changes per doubling of the rows, R straight lines over log2 n."""
    doublings_P = np.log2(sizes_P)
    centred_P = doublings_P - np.average(doublings_P, weights=weights_P)
    scaled_P = weights_P * centred_P / np.sum(weights_P * centred_P**2)
    return errors_RP @ scaled_P


@dataclass(frozen=True, slots=True)
class _Problem:
    """Weighted least squares for given exponents."""

    ratio_P: Floats
    errors_RP: Floats
    weights_P: Floats
    has_floor: bool

    def solve(self, exponent_R: Floats) -> tuple[Floats, Floats, Floats]:
        """Return a, b and the weighted squares for given exponents (one for all, or one each)."""
        falls_RP = self.ratio_P ** -exponent_R[:, None]
        mean_fall_R, mean_R = falls_RP @ self.weights_P, self.errors_RP @ self.weights_P
        square_R = falls_RP**2 @ self.weights_P
        product_R = (self.errors_RP * falls_RP) @ self.weights_P
        gain_R = (product_R - mean_R * mean_fall_R) / (square_R - mean_fall_R**2)
        floor_R = mean_R - gain_R * mean_fall_R
        # Outside the bounds the least squares lie on one of them: no floor, or no gain.
        is_low_R = (floor_R < 0) | (not self.has_floor)
        gain_R = np.where(is_low_R, product_R / square_R, gain_R)
        floor_R = np.where(is_low_R, 0.0, floor_R)
        is_flat_R = gain_R < 0
        gain_R, floor_R = np.where(is_flat_R, 0.0, gain_R), np.where(is_flat_R, mean_R, floor_R)
        residuals_RP = self.errors_RP - floor_R[:, None] - gain_R[:, None] * falls_RP
        return floor_R, gain_R, residuals_RP**2 @ self.weights_P


def _narrow(problem: _Problem, low_R: Floats, high_R: Floats) -> Floats:
    """Return the best exponents between two bounds each, in logarithms, by golden sections."""
    low_R, high_R = np.log(low_R), np.log(high_R)
    for _ in range(NUM_CUTS):
        left_R = high_R - _GOLDEN * (high_R - low_R)
        right_R = low_R + _GOLDEN * (high_R - low_R)
        is_left_R = problem.solve(np.exp(left_R))[2] <= problem.solve(np.exp(right_R))[2]
        low_R, high_R = np.where(is_left_R, low_R, left_R), np.where(is_left_R, right_R, high_R)
    return np.exp((low_R + high_R) / 2)
