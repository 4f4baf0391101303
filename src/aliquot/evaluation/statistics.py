"""Intervals and tests, each with its source; plain functions of counts and arrays.

Shape letters: U units (items or groups of items), R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from aliquot.core.result import Interval
from aliquot.evaluation.answers import Floats
from aliquot.evaluation.resampling import Resampled, Statistic, block_sizes


class PairedCounts(NamedTuple):
    """Items by which of two models gets them right."""

    both: int
    only_first: int
    only_second: int
    neither: int


_NORMAL = NormalDist()
_MIN_DEFINED = 0.95
"""Share of resamples in which a metric must be defined for its interval to mean anything."""


def wilson_interval(num_right: int, num_items: int, confidence: float) -> Interval:
    """Return Wilson's score interval of a proportion.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927).

    >>> interval = wilson_interval(327, 501, 0.95)
    >>> f"{interval.low:.4f} {interval.high:.4f}"
    '0.6100 0.6931'
    """
    if num_items == 0:
        return Interval(low=0.0, high=1.0, confidence=confidence, method="wilson")
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share = num_right / num_items
    scale = 1 + z**2 / num_items
    centre = (share + z**2 / (2 * num_items)) / scale
    half = z * math.sqrt(share * (1 - share) / num_items + z**2 / (4 * num_items**2)) / scale
    return Interval(
        low=0.0 if num_right == 0 else centre - half,
        high=1.0 if num_right == num_items else centre + half,
        confidence=confidence,
        method="wilson",
    )


def paired_share_interval(counts: PairedCounts, confidence: float) -> Interval:
    """Return the interval of the difference of two shares of the same items, first minus second.

    Unlike a bootstrap it does not shrink to nothing when the models disagree on few items or on none.
    Source: Newcombe, Stat. Med. 17, 2635 (1998), method 10: Wilson's limits of both shares, combined
    with their correlation (doi 10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C).

    >>> interval = paired_share_interval(PairedCounts(both=36, only_first=12, only_second=2, neither=0), 0.95)
    >>> f"{interval.low:.4f} {interval.high:.4f}"
    '0.0569 0.3404'
    """
    num_items = sum(counts)
    rights = (counts.both + counts.only_first, counts.both + counts.only_second)
    first, second = (right / num_items for right in rights)
    of_first, of_second = (wilson_interval(right, num_items, confidence) for right in rights)
    phi = _correlation(counts)
    difference = first - second
    down = _combine(first - of_first.low, of_second.high - second, phi)
    up = _combine(of_first.high - first, second - of_second.low, phi)
    return Interval(
        low=difference - down,
        high=difference + up,
        confidence=confidence,
        method="Newcombe's, of paired shares",
    )


def _combine(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))


def _correlation(counts: PairedCounts) -> float:
    """Return phi of the fourfold table, its numerator corrected for continuity; 0 where it is undefined."""
    num_items = sum(counts)
    rights = (counts.both + counts.only_first, counts.both + counts.only_second)
    margins = math.prod(rights) * math.prod(num_items - right for right in rights)
    product = counts.both * counts.neither - counts.only_first * counts.only_second
    if margins == 0:
        return 0.0
    return (max(product - num_items / 2, 0.0) if product > 0 else product) / math.sqrt(margins)


def bootstrap_interval(sample: Resampled, confidence: float) -> Interval | None:
    """Return the bias-corrected and accelerated (BCa) bootstrap interval.

    None when the statistic is undefined, or undefined in more than 5 % of the resamples.
    Source: Efron, J. Am. Stat. Assoc. 82, 171 (1987).
    """
    resamples = sample.resamples_R[np.isfinite(sample.resamples_R)]
    if not math.isfinite(sample.value) or len(resamples) < _MIN_DEFINED * len(sample.resamples_R):
        return None
    # Sums in another order differ in the last digit; such values are ties.
    slack = 1e-12 * max(1.0, float(np.abs(resamples).max()))
    if np.ptp(resamples) <= slack:
        return Interval(low=sample.value, high=sample.value, confidence=confidence, method="bca")
    below = (resamples < sample.value - slack).mean() + (resamples <= sample.value + slack).mean()
    bias = _NORMAL.inv_cdf(float(np.clip(below / 2, 1 / len(resamples), 1 - 1 / len(resamples))))
    acceleration = _acceleration(sample.left_out)
    shares = [
        _bca_share((1 - confidence) / 2, bias, acceleration),
        _bca_share((1 + confidence) / 2, bias, acceleration),
    ]
    low, high = np.quantile(resamples, shares)
    return Interval(low=float(low), high=float(high), confidence=confidence, method="bca")


def mcnemar_p(num_only_first: int, num_only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test.

    The items that only one of two models gets right are coin tosses if the models are equally good.
    Source: McNemar, Psychometrika 12, 153 (1947), in its binomial form.

    >>> f"{mcnemar_p(71, 30):.1e} {mcnemar_p(41, 46):.2f}"
    '5.5e-05 0.67'
    """
    tosses = num_only_first + num_only_second
    fewer = min(num_only_first, num_only_second)
    ways = total = 1
    for heads in range(1, fewer + 1):
        ways = ways * (tosses - heads + 1) // heads
        total += ways
    return min(1.0, 2 * total / 2**tosses)


def sign_flip_p(differences_U: Floats, *, num_resamples: int, seed: int) -> float:
    """Return the two-sided p-value of the paired permutation test on a sum of differences.

    If two models are equally good, each unit's difference could as well have had the other sign.

    Args:
        differences_U: Score of one model minus that of the other, summed within each unit.
        num_resamples: Random sign patterns; all patterns are tried when they are no more than this.
        seed: Of the patterns.
    """
    differing = differences_U[differences_U != 0]
    return permutation_p(
        lambda signs_RU: signs_RU @ differing,
        num_units=len(differing),
        num_resamples=num_resamples,
        seed=seed,
    )


def permutation_p(statistic: Statistic, *, num_units: int, num_resamples: int, seed: int) -> float:
    """Return the two-sided p-value of a paired permutation test, with 1 added to both counts.

    Source: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 39 (2010), for the added 1.

    Args:
        statistic: Signs of shape RU (+1 as observed, -1 exchanged) → R differences of the models.
        num_units: U.
        num_resamples: Random sign patterns; all patterns are tried when they are no more than this.
        seed: Of the patterns.
    """
    observed = abs(float(statistic(np.ones((1, num_units)))[0]))
    is_exact = num_units <= math.log2(num_resamples)
    blocks = _all_signs(num_units) if is_exact else _random_signs(num_units, num_resamples, seed)
    permuted = np.concatenate([np.abs(statistic(signs)) for signs in blocks])
    num_extreme = int((permuted >= observed - 1e-12 * max(1.0, observed)).sum())
    return num_extreme / len(permuted) if is_exact else (num_extreme + 1) / (len(permuted) + 1)


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number, in the given order.

    Source: Holm, Scand. J. Stat. 6, 65 (1979).

    >>> adjust_holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = largest
    return adjusted


def _acceleration(left_out: Floats) -> float:
    values = left_out[np.isfinite(left_out)]
    if len(values) < 2:
        return 0.0
    centred = values.mean() - values
    spread = float((centred**2).sum())
    return float((centred**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0


def _bca_share(share: float, bias: float, acceleration: float) -> float:
    shifted = bias + _NORMAL.inv_cdf(share)
    # |acceleration| is at most 1/6; the bound keeps a hopelessly skewed sample from dividing by zero.
    return _NORMAL.cdf(bias + shifted / max(1e-9, 1 - acceleration * shifted))


def _all_signs(num_units: int) -> Iterator[Floats]:
    patterns = np.arange(2**num_units)[:, None] >> np.arange(num_units)
    yield (1 - 2 * (patterns & 1)).astype(np.float64)


def _random_signs(num_units: int, num_resamples: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    for size in block_sizes(num_resamples, num_units):
        flips = rng.integers(0, 2, size=(size, num_units), dtype=np.int8)
        yield (1 - 2 * flips).astype(np.float64)
