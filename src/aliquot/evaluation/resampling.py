"""Resamples of the test items, as counts of how often each item is in each resample.

Every metric of every model is computed on the same resamples, so the difference of two models has an
interval of its own that respects the pairing. Shape letters: N items, U units, R resamples, B of a block,
C columns.
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

MAX_UNITS = 10_000
"""Units drawn one by one; more are dealt into as many bundles, which are drawn whole. Units are independent,
so bundles of them are too; an interval of 10,000 bundles is as wide as one of items to about 1 %."""

MAX_LEFT_OUT = 1000
"""Leave-one-out sets; with more units several are left out together, the delete-a-group jackknife …"""

MIN_LEFT_OUT = 100
"""… in fewer sets above 10,000 items, where the skewness that they measure is next to nothing."""

MAX_COUNTED = 100_000_000
"""Counts of items that a statistic which needs them all (ranks) looks at …"""

MIN_COUNTED_RESAMPLES = 1000
"""… and resamples that it sees in any case; above 10,000 items it sees fewer than the others."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A statistic that is a function of sums over items. All of them together cost one matrix product.

    Attributes:
        columns_NC: What is summed. Statistics that share the same array share its sums.
        of_sums: Sums of shape RC → R values.
    """

    columns_NC: Floats
    of_sums: Callable[[Floats], Floats]

    def __call__(self, counts_RN: Floats) -> Floats:
        """Return R values; see `Statistic`."""
        return self.of_sums(counts_RN @ self.columns_NC)


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

    @property
    def bundle_N(self) -> Indices:
        """Return the bundle that each item is drawn with: its unit, unless there are too many units."""
        return self.unit_N % MAX_UNITS

    @property
    def num_bundles(self) -> int:
        """Return how many bundles there are: U, or `MAX_UNITS`."""
        return min(self.num_units, MAX_UNITS)

    @property
    def num_counted(self) -> int:
        """Return how many resamples a statistic sees that is no function of sums."""
        enough = max(MIN_COUNTED_RESAMPLES, MAX_COUNTED // max(1, len(self.unit_N)))
        return min(self.num_resamples, enough)

    def draw(self) -> Iterator[Floats]:
        """Yield blocks of bootstrap counts of bundles, R rows in all."""
        rng, num_bundles = np.random.default_rng(self.seed), self.num_bundles
        for size in block_sizes(self.num_resamples, num_bundles):
            drawn = rng.integers(0, num_bundles, size=(size, num_bundles))
            cells = drawn + np.arange(size)[:, None] * num_bundles
            counts = np.bincount(cells.ravel(), minlength=size * num_bundles)
            yield counts.reshape(size, num_bundles).astype(np.float64)

    def leave_out(self) -> Iterator[Floats]:
        """Yield blocks of counts of bundles that leave out one each (one set of them, when many)."""
        most = max(MIN_LEFT_OUT, min(MAX_LEFT_OUT, MAX_COUNTED // (10 * max(1, len(self.unit_N)))))
        num_sets = min(self.num_bundles, most)
        set_of = np.arange(self.num_bundles) % most
        start = 0
        for size in block_sizes(num_sets, self.num_bundles):
            yield (np.arange(start, start + size)[:, None] != set_of).astype(np.float64)
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
    drawn = _evaluate(statistics, resampling, resampling.draw(), resampling.num_counted)
    left_out = _evaluate(statistics, resampling, resampling.leave_out(), MAX_LEFT_OUT)
    return [Resampled(*parts) for parts in zip(values, drawn, left_out, strict=True)]


def number_units(groups: Sequence[str | None]) -> Indices:
    """Return the unit of each item: items of a group share one, an item without a group is its own."""
    number: dict[object, int] = {}
    units = [
        number.setdefault(("item", position) if group is None else group, len(number))
        for position, group in enumerate(groups)
    ]
    return np.array(units, dtype=np.intp)


def sum_by_bundle(columns_NC: Floats, resampling: Resampling) -> Floats:
    """Return the sums of columns over the items of each bundle."""
    bundle_N = resampling.bundle_N
    order_N = np.argsort(bundle_N, kind="stable")
    starts = np.searchsorted(bundle_N[order_N], np.arange(resampling.num_bundles))
    return np.add.reduceat(columns_NC[order_N], starts, axis=0)


def block_sizes(num_rows: int, num_columns: int) -> Iterator[int]:
    """Yield how many rows of so many columns each block holds."""
    largest = max(1, BLOCK_ELEMENTS // max(1, num_columns))
    for start in range(0, num_rows, largest):
        yield min(largest, num_rows - start)


def _evaluate(
    statistics: Sequence[Statistic], resampling: Resampling, blocks: Iterator[Floats], num_counted: int
) -> list[Floats]:
    """Return each statistic's values: functions of sums in all rows, others in the first ``num_counted``."""
    sums = _SummedTables(statistics, resampling)
    counted = {number: one for number, one in enumerate(statistics) if not isinstance(one, Sums)}
    parts: list[list[Floats]] = [[] for _ in statistics]
    for counts in blocks:
        sums.add(counts)
        for counts_BN in _count_items(counts[:num_counted] if counted else counts[:0], resampling.bundle_N):
            for number, statistic in counted.items():
                parts[number].append(statistic(counts_BN))
        num_counted = max(0, num_counted - len(counts))
    return [
        sums.evaluate(one) if isinstance(one, Sums) else _join(found)
        for one, found in zip(statistics, parts, strict=True)
    ]


class _SummedTables:
    """The tables that some statistics sum, side by side, and their sums in the resamples so far."""

    def __init__(self, statistics: Sequence[Statistic], resampling: Resampling) -> None:
        tables = {id(one.columns_NC): one.columns_NC for one in statistics if isinstance(one, Sums)}
        ends = np.cumsum([0, *(table.shape[1] for table in tables.values())]).tolist()
        self.place = {table: slice(*ends[index : index + 2]) for index, table in enumerate(tables)}
        by_bundle = [sum_by_bundle(table, resampling) for table in tables.values()]
        self.columns = np.hstack(by_bundle) if by_bundle else None
        self.parts: list[Floats] = []

    def add(self, counts: Floats) -> None:
        """Sum the tables in further resamples, given as counts of bundles."""
        if self.columns is not None:
            self.parts.append(counts @ self.columns)

    def evaluate(self, statistic: Sums) -> Floats:
        """Return the values of a statistic in the resamples so far."""
        place = self.place[id(statistic.columns_NC)]
        return _join([statistic.of_sums(sums[:, place]) for sums in self.parts])


def _count_items(counts: Floats, bundle_N: Indices) -> Iterator[Floats]:
    start = 0
    for size in block_sizes(len(counts), len(bundle_N)):
        yield counts[start : start + size].take(bundle_N, axis=1)
        start += size


def _join(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)
