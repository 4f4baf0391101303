"""What a metric is: one number about N answers, for the test items and for every resample of them.

A new metric is one file in ``metrics/`` with a ``METRIC``. Most are means of a per-item value: give
``per_item``. The others give ``aggregate``, which gets how often each item counts in each of R
resamples (``counts_RN``; one row of ones for the plain value) and returns R values. So the value, its
bootstrap interval and its jackknife come from the same lines of code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from aliquot.core.dataset import TaskType
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.resampling import Statistic
from aliquot.plugins import get_extension, list_extensions

METRICS_PACKAGE = "aliquot.evaluation.metrics"

DEFAULT_PRIMARY: dict[TaskType, str] = {
    "labels": "accuracy",
    "number": "mean_absolute_error",
    "text": "exact_match",
    "set": "set_match",
    "json": "field_f1",
    "molecule": "molecule_match",
    "composition": "composition_match",
}
"""The headline metric of a task when none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: The file's name.
        title: Words for tables and figures.
        task_types: Tasks it is defined for.
        unit: ``share`` (0 to 1, differences are told in points), ``nats``, ``answer`` (that of the
            numbers), or empty.
        direction: Whether higher or lower is better.
        range: Smallest and largest possible value; None is unbounded.
        citation: Where it is defined.
        interval: ``wilson`` for a share of independent items; ``bootstrap`` for everything else; ``none``
            for a biased statistic whose intervals would not cover; such a metric is not compared either.
        per_item: N values whose mean is the metric; NaN leaves an item out.
        aggregate: Answers and counts of shape RN → R values; NaN where undefined.
        signature: Answers → what else determines the value: variant, library and its version.
    """

    name: str
    title: str
    task_types: tuple[TaskType, ...]
    unit: str
    direction: Literal["higher", "lower"]
    range: tuple[float | None, float | None]
    citation: str
    interval: Literal["wilson", "bootstrap", "none"] = "bootstrap"
    per_item: Callable[[Answers], Floats] | None = None
    aggregate: Callable[[Answers, Floats], Floats] | None = None
    signature: Callable[[Answers], str] | None = None

    def can_score(self, task_type: str) -> bool:
        """Return whether the metric is defined for a task."""
        return task_type in self.task_types

    def bind(self, answers: Answers) -> Statistic:
        """Return the metric of these answers as a function of counts RN; R values, NaN where undefined."""
        if self.aggregate is not None:
            return partial(self.aggregate, answers)
        assert self.per_item is not None, f"metric {self.name} has neither per_item nor aggregate"
        return partial(weighted_mean, self.per_item(answers))

    def compute(self, answers: Answers) -> float | None:
        """Return the value over all items, or None when it is undefined here."""
        if not len(answers):
            return None
        value = float(self.bind(answers)(np.ones((1, len(answers))))[0])
        return value if math.isfinite(value) else None

    def count_items(self, answers: Answers) -> int:
        """Return over how many items the value is."""
        if self.per_item is None:
            return len(answers)
        return int(np.isfinite(self.per_item(answers)).sum())

    def is_better(self, value: float, other: float) -> bool:
        """Return whether ``value`` is strictly better than ``other``."""
        return value > other if self.direction == "higher" else value < other


def get_metric(name: str) -> Metric:
    """Return a metric by name.

    Raises:
        InputError: No such metric; the message lists the known names.
    """
    return get_extension(METRICS_PACKAGE, name, "METRIC")


def list_metrics(task_type: TaskType) -> list[Metric]:
    """Return the metrics of a task type, the default primary first, then by name."""
    metrics = [get_metric(name) for name in list_extensions(METRICS_PACKAGE)]
    chosen = [metric for metric in metrics if metric.can_score(task_type)]
    return sorted(chosen, key=lambda metric: (metric.name != DEFAULT_PRIMARY[task_type], metric.name))


def weighted_mean(values_N: Floats, counts_RN: Floats) -> Floats:
    """Return the R means of per-item values under R rows of counts, NaN items left out."""
    has_value = np.isfinite(values_N)
    if not has_value.all():
        values_N, counts_RN = values_N[has_value], counts_RN[:, has_value]
    return divide(counts_RN @ values_N, counts_RN.sum(axis=1))


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)


def undefined(counts_RN: Floats) -> Floats:
    """Return R undefined values: the metric has nothing to compute on."""
    return np.full(len(counts_RN), np.nan)
