"""All metrics of all models with their intervals, on one set of resamples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aliquot.core.result import Interval, MetricValue
from aliquot.evaluation.answers import Answers
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.resampling import Resampled, Resampling, resample
from aliquot.evaluation.statistics import bootstrap_interval, wilson_interval


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one model: as reported, and with its resamples for comparisons."""

    reported: MetricValue
    sample: Resampled


def measure(
    answers: Mapping[str, Answers],
    metrics: Sequence[Metric],
    resampling: Resampling,
    confidence: float,
) -> dict[str, dict[str, Measured]]:
    """Return every metric of every model, by model and metric name.

    Args:
        answers: Answers by model, to the same items in the same order.
        metrics: What to measure.
        resampling: How items are drawn, the same draws for all models.
        confidence: Of the intervals.
    """
    cells = [(model, metric) for model in answers for metric in metrics]
    samples = resample([metric.bind(answers[model]) for model, metric in cells], resampling)
    found: dict[str, dict[str, Measured]] = {model: {} for model in answers}
    for (model, metric), sample in zip(cells, samples, strict=True):
        reported = _report(metric, answers[model], sample, resampling, confidence)
        found[model][metric.name] = Measured(reported, sample)
    return found


def _report(
    metric: Metric, answers: Answers, sample: Resampled, resampling: Resampling, confidence: float
) -> MetricValue:
    is_defined = math.isfinite(sample.value)
    return MetricValue(
        metric=metric.name,
        value=sample.value if is_defined else None,
        interval=_interval(metric, answers, sample, resampling, confidence) if is_defined else None,
        num_items=metric.count_items(answers),
        unit=metric.unit,
        direction=metric.direction,
        title=metric.title,
        citation=metric.citation,
        signature=metric.signature(answers) if is_defined and metric.signature else "",
    )


def _interval(
    metric: Metric, answers: Answers, sample: Resampled, resampling: Resampling, confidence: float
) -> Interval | None:
    """Return Wilson's interval for a share of independent items, else the bootstrap's, if any holds."""
    if metric.interval == "none":
        return None
    if metric.interval == "wilson" and metric.per_item is not None and not resampling.has_groups:
        values = metric.per_item(answers)
        counted = values[np.isfinite(values)]
        return wilson_interval(int(counted.sum()), len(counted), confidence)
    return bootstrap_interval(sample, confidence)
