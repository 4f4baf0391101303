"""What a metric is: one number about N answers, for the test items and for every resample of them.

A new metric is one file in ``metrics/`` with a ``METRIC``. Most are means of a per-item value: give
``per_item``. The others give ``prepare``, which returns the metric of some answers as a statistic: a function
of how often each item counts in each of R resamples (``counts_RN``; one row of ones for the plain value) with
R values. So the value, its bootstrap interval and its jackknife come from the same lines of code. Where the
metric is a function of sums over items (of counts of a confusion matrix, of squares), the statistic is a
`Sums`, which costs next to nothing; only ranks need the counts themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aliquot.core.dataset import TaskType
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.resampling import Statistic, Sums
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
    "document": "bits_per_byte",
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
        direction: Whether higher or lower is better; ``zero`` where the value nearest to zero is. Such a
            metric (a bias) is no headline, and models are not compared on it.
        range: Smallest and largest possible value; None is unbounded.
        citation: Where it is defined.
        interval: ``wilson`` for a share of independent items; ``bootstrap`` for everything else; ``none``
            for a biased statistic whose intervals would not cover; such a metric is not compared either.
        per_item: N values whose mean is the metric; NaN leaves an item out.
        items: ``parsed`` where ``prepare`` is given the parsed answers only.
        prepare: Answers → the metric as a statistic; what all resamples share, sorting for one, is done here.
        unlabelled: Where one label is known and the others are unlabelled (``evaluate.positive_label``):
            ``biased`` for a metric that takes these for negatives, ``unbiased`` for one that does not look at
            references, ``corrected`` for one that is made for this case and reported in no other.
        signature: Answers → what else determines the value: variant, library and its version.
    """

    name: str
    title: str
    task_types: tuple[TaskType, ...]
    unit: str
    direction: Literal["higher", "lower", "zero"]
    range: tuple[float | None, float | None]
    citation: str
    interval: Literal["wilson", "bootstrap", "none"] = "bootstrap"
    items: Literal["all", "parsed"] = "all"
    unlabelled: Literal["biased", "unbiased", "corrected"] = "biased"
    per_item: Callable[[Answers], Floats] | None = None
    prepare: Callable[[Answers], Statistic] | None = None
    signature: Callable[[Answers], str] | None = None

    def can_score(self, task_type: str) -> bool:
        """Return whether the metric is defined for a task."""
        return task_type in self.task_types

    def bind(self, answers: Answers) -> Statistic:
        """Return the metric of these answers as a function of counts RN; R values, NaN where undefined."""
        if self.prepare is not None:
            return on_parsed(self.prepare, answers) if self.items == "parsed" else self.prepare(answers)
        assert self.per_item is not None, f"metric {self.name} has neither per_item nor prepare"
        return mean_of(self.per_item(answers))

    def compute(self, answers: Answers) -> float | None:
        """Return the value over all items, or None when it is undefined here."""
        if not len(answers):
            return None
        value = float(self.bind(answers)(np.ones((1, len(answers))))[0])
        return value if math.isfinite(value) else None

    def count_items(self, answers: Answers) -> int:
        """Return over how many items the value is."""
        if self.per_item is None:
            return int(answers.is_parsed_N.sum()) if self.items == "parsed" else len(answers)
        return int(np.isfinite(self.per_item(answers)).sum())

    def is_better(self, value: float, other: float) -> bool:
        """Return whether ``value`` is strictly better than ``other``."""
        if self.direction == "zero":
            return abs(value) < abs(other)
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


def mean_of(values_N: Floats, finish: Callable[[Floats], Floats] | None = None) -> Sums:
    """Return the mean of per-item values as a statistic, NaN items left out.

    Args:
        values_N: Values of the items.
        finish: What is done with the R means, for example a square root.
    """
    has_value_N = np.isfinite(values_N)
    columns_NC = np.stack([np.where(has_value_N, values_N, 0.0), has_value_N], axis=1)

    def of_sums(sums_RC: Floats) -> Floats:
        means_R = divide(sums_RC[:, 0], sums_RC[:, 1])
        return finish(means_R) if finish else means_R

    return Sums(columns_NC, of_sums)


def on_parsed(prepare: Callable[[Answers], Statistic], answers: Answers) -> Statistic:
    """Return a statistic of the parsed answers as one of all answers, whose other counts it ignores."""
    items = np.flatnonzero(answers.is_parsed_N)
    if len(items) in (0, len(answers)):
        return prepare(answers) if len(items) else undefined
    statistic = prepare(answers.take(items))
    if not isinstance(statistic, Sums):
        return lambda counts_RN: statistic(counts_RN.take(items, axis=1))
    columns_NC = np.zeros((len(answers), statistic.columns_NC.shape[1]))
    columns_NC[items] = statistic.columns_NC
    return Sums(columns_NC, statistic.of_sums)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)


def undefined(counts_RN: Floats) -> Floats:
    """Return R undefined values: the statistic of a metric that has nothing to compute on."""
    return np.full(len(counts_RN), np.nan)
