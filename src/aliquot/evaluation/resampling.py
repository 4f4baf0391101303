"""Resamples of the test items, as counts of how often each item is in each resample.

Every metric of every model is computed on the same resamples, so the difference of two models has an
interval of its own that respects the pairing. Shape letters: N items, U units, R resamples, B of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aliquot.evaluation.answers import Floats, Indices

Statistic = Callable[[Floats], Floats]
"""Counts of shape RN → R values of something; NaN where it is undefined."""

BLOCK_ELEMENTS = 1 << 18
"""Counts held at once: 2 MiB, which stays in the processor's cache."""

MIN_BLOCK_ROWS = 64
"""Rows held at once however long they are, so that work per block stays worth its overhead."""

MAX_LEFT_OUT = 1000
"""Leave-one-out sets; with more units several are left out together, the delete-a-group jackknife."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How items are drawn.

    Attributes:
        unit_N: Number of the unit that each item belongs to, 0 to U-1: the item itself, or its group.
            Units are drawn whole, because items of a group are not independent.
        num_resamples: R.
        seed: Of the drawing.
    """

    unit_N: Indices
    num_resamples: int
    seed: int

    @property
    def num_units(self) -> int:
        """Return U."""
        return int(self.unit_N.max()) + 1 if len(self.unit_N) else 0

    @property
    def has_groups(self) -> bool:
        """Return whether some unit holds several items."""
        return self.num_units < len(self.unit_N)

    def draw(self) -> Iterator[Floats]:
        """Yield blocks of shape BN of bootstrap counts, R rows in all."""
        rng = np.random.default_rng(self.seed)
        for size in block_sizes(self.num_resamples, len(self.unit_N)):
            drawn = rng.integers(0, self.num_units, size=(size, self.num_units))
            cells = drawn + np.arange(size)[:, None] * self.num_units
            counts_BU = np.bincount(cells.ravel(), minlength=size * self.num_units)
            yield counts_BU.reshape(size, self.num_units)[:, self.unit_N].astype(np.float64)

    def leave_out(self) -> Iterator[Floats]:
        """Yield blocks of counts that leave out one unit each (one set of units, when there are many)."""
        left_out_N = self.unit_N % MAX_LEFT_OUT
        num_sets = min(self.num_units, MAX_LEFT_OUT)
        start = 0
        for size in block_sizes(num_sets, len(self.unit_N)):
            yield (np.arange(start, start + size)[:, None] != left_out_N).astype(np.float64)
            start += size


@dataclass(frozen=True, slots=True)
class Resampled:
    """A statistic: its value, its values in R resamples, and with each unit left out; NaN: undefined."""

    value: float
    resamples_R: Floats
    left_out: Floats

    def minus(self, other: Resampled) -> Resampled:
        """Return the difference of two statistics of the same resamples."""
        return Resampled(
            self.value - other.value,
            self.resamples_R - other.resamples_R,
            self.left_out - other.left_out,
        )


def resample(statistics: Sequence[Statistic], resampling: Resampling) -> list[Resampled]:
    """Return each statistic over all items and over all resamples.

    Args:
        statistics: Functions of counts RN that return R values.
        resampling: Which counts.
    """
    everything = np.ones((1, len(resampling.unit_N)))
    values = [float(statistic(everything)[0]) for statistic in statistics]
    drawn = _evaluate(statistics, resampling.draw())
    left_out = _evaluate(statistics, resampling.leave_out())
    return [Resampled(*parts) for parts in zip(values, drawn, left_out, strict=True)]


def number_units(groups: Sequence[str | None]) -> Indices:
    """Return the unit of each item: items of a group share one, an item without a group is its own."""
    number: dict[object, int] = {}
    units = [
        number.setdefault(("item", position) if group is None else group, len(number))
        for position, group in enumerate(groups)
    ]
    return np.array(units, dtype=np.intp)


def _evaluate(statistics: Sequence[Statistic], blocks: Iterator[Floats]) -> list[Floats]:
    parts: list[list[Floats]] = [[] for _ in statistics]
    for counts_BN in blocks:
        for collected, statistic in zip(parts, statistics, strict=True):
            collected.append(statistic(counts_BN))
    return [np.concatenate(collected) if collected else np.empty(0) for collected in parts]


def block_sizes(num_rows: int, num_columns: int) -> Iterator[int]:
    """Yield how many rows of so many columns each block holds."""
    largest = max(MIN_BLOCK_ROWS, BLOCK_ELEMENTS // max(1, num_columns))
    for start in range(0, num_rows, largest):
        yield min(largest, num_rows - start)
