"""What a test set of a given size can show: said before any training, and again of what models answered.

Formulas: Wilson (1927) for the interval; the sample size of McNemar's paired test after Connor (1987,
doi 10.2307/2531961): n = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2 for a difference d between two
models that disagree on a share psi of the items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z_CONFIDENCE = 1.959964
"""Two-sided 5 %."""
Z_POWER = 0.841621
"""80 % power."""
DISCORDANT = 0.2
"""Share of items on which two models are taken to disagree; typical of a tuned model and its rival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable:
    """What a test set of this size can show (80 % power, two-sided 5 %).

    Attributes:
        num_items: Size of the test split.
        half_width: Half width of the 95 % Wilson interval at a proportion of one half.
        difference: Smallest accuracy difference of two models that the exact paired test will usually
            find, if they disagree on ``discordant`` of the items.
    """

    num_items: int
    half_width: float
    difference: float
    discordant: float
    sentence: str


def wilson_half_width(num_items: int, proportion: float = 0.5) -> float:
    """Return half the width of the 95 % Wilson interval around a proportion."""
    z2 = Z_CONFIDENCE**2
    spread = proportion * (1 - proportion) / num_items + z2 / (4 * num_items**2)
    return Z_CONFIDENCE * math.sqrt(spread) / (1 + z2 / num_items)


def items_needed(difference: float, discordant: float) -> int:
    """Return how many items McNemar's test needs to find a difference with 80 % power.

    Raises:
        ValueError: The difference is not above zero, or larger than the share of items that differ.
    """
    if not 0 < difference <= discordant:
        raise ValueError(f"a difference of {difference} cannot come from {discordant} discordant items")
    half = Z_CONFIDENCE * math.sqrt(discordant) + Z_POWER * math.sqrt(discordant - difference**2)
    return math.ceil(half**2 / difference**2)


def detectable_difference(num_items: int, discordant: float) -> float | None:
    """Return the smallest difference that McNemar's test finds with 80 % power: `items_needed`, inverted.

    None where even the most one-sided case, all discordant items on one side, would not be found.
    """
    if discordant <= 0 or items_needed(discordant, discordant) > num_items:
        return None
    return _bisect(lambda d: items_needed(d, discordant) <= num_items, 1e-6, discordant)


def describe_detectable(num_items: int) -> Detectable | None:
    """Return what a test of this many items can show; None without items."""
    if num_items < 1:
        return None
    discordant = DISCORDANT
    difference = detectable_difference(num_items, discordant)
    if difference is None:
        # Too few for the usual disagreement: the most one-sided case that would still be found.
        discordant = _bisect(lambda share: items_needed(share, share) <= num_items, DISCORDANT, 1.0)
        difference = discordant
    half_width = wilson_half_width(num_items)
    return Detectable(
        num_items=num_items,
        half_width=half_width,
        difference=difference,
        discordant=discordant,
        sentence=_say(num_items, half_width, difference, discordant),
    )


def _bisect(is_enough, low: float, high: float) -> float:  # type: ignore[no-untyped-def]
    """Return the smallest value that is enough, if larger ones are; ``high`` when none is."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _say(num_items: int, half_width: float, difference: float, discordant: float) -> str:
    if num_items < items_needed(1.0, 1.0) or difference > 0.9:
        return f"With {num_items} test rows no difference between two models can be shown."
    return (
        f"With {num_items:,} test rows an accuracy is known to about ±{100 * half_width:.1f} points, and two "
        f"models that disagree on {100 * discordant:.0f} % of them can be told apart when they differ by "
        f"about {100 * difference:.1f} points or more (one comparison, 80 % power, two-sided 5 %)."
    )
