"""A learning curve: how the score grows with the number of training rows; ``report.json`` of such a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import Interval, ModelResult

CITATION = (
    "error(n) = a + b·n^−c: Hestness et al. 2017 (arXiv:1712.00409), Rosenfeld et al. 2020 "
    "(arXiv:1909.12673); limits of extrapolation: Viering and Loog 2022 (arXiv:2103.10948)"
)

Verdict = Literal["helps", "hardly", "cannot_tell", "falls"]
"""Of more rows: a gain is to be expected, hardly one, this cannot be told, or the score fell with rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One model at one number of training rows.

    Attributes:
        num_rows: Training rows; the mean where groups let the draws differ a little.
        value: Mean of the primary metric over seeds; None when it is undefined for one.
        interval: Of the mean, over seeds and test items.
        by_seed: The metric of each seed, in the order of the seeds.
        run_ids: The runs, in the same order.
        num_steps: Optimizer steps of these runs, the mean; 0 for models that are not trained in steps.
        num_epochs: Passes over the rows, the mean; 0 likewise.
    """

    num_rows: int
    value: float | None
    interval: Interval | None
    by_seed: tuple[float | None, ...]
    run_ids: tuple[str, ...] = ()
    num_steps: float = 0.0
    num_epochs: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the fitted curve says of a number of rows.

    Attributes:
        value: Of the primary metric.
        low, high: Ends of its band.
    """

    num_rows: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What more rows would bring.

    Attributes:
        num_more: Rows beyond all that there are.
        gain: By how much the metric would be better (positive also where lower is better).
        low, high: Ends of its interval.
    """

    num_more: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveFit:
    """error(n) = a + b * n^-c, where error is the distance from the best possible value of the metric.

    Attributes:
        floor: a, the error that no number of rows removes; with its interval.
        scale: b.
        exponent: c; with its interval.
        band: The curve from the smallest size to four times the largest.
        last_check: What the curve without the largest size says of it; None with under five sizes.
    """

    floor: float
    floor_low: float
    floor_high: float
    scale: float
    exponent: float
    exponent_low: float
    exponent_high: float
    band: tuple[Expected, ...]
    last_check: Expected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One model over all sizes.

    Attributes:
        model: ``tuned`` or a baseline; with several bases, whose tuned model it is stands in ``base``.
        slope: Change of the metric per doubling of the rows (positive is better); None where undefined.
        fit: None with under four sizes, or where the metric has no interval.
        gains: What twice and four times the rows would bring, by the fit.
        sentence: What follows for more rows, in plain words.
    """

    model: str
    title: str
    kind: Literal["tuned", "baseline"]
    base: str
    points: tuple[CurvePoint, ...]
    slope: Interval | None = None
    fit: CurveFit | None = None
    gains: tuple[Gain, ...] = ()
    verdict: Verdict = "cannot_tell"
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """How many times the rows one model needs to be as good as another.

    Attributes:
        model: The one that needs fewer rows.
        other: The one that needs ``factor`` times as many for the same score.
        factor: Above 1; looked up between the sizes measured, never beyond them.
        low, high: Ends of its interval; at ``most`` the true value may be larger still.
        most: The largest factor that the sizes can show.
    """

    model: str
    other: str
    factor: float
    low: float
    high: float
    most: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveReport(ShownInNotebook):
    """A learning curve: ``report.json`` of a study of the kind ``curve``.

    Attributes:
        sizes: Training rows of each point, from few to all.
        seeds: Training seeds; each has its own nested order of rows.
        metric_title: Of the primary metric, in words.
        levels: Models that no training row changes, scored once: the untuned base.
        curves: The tuned model or models first, then the baselines.
    """

    schema_version: int
    study_id: str
    split: str
    num_items: int
    task_type: str
    primary_metric: str
    metric_title: str
    unit: str
    direction: str
    best_value: float | None
    confidence: float
    num_resamples: int
    seed: int
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    num_planned: int
    headline: str
    curves: tuple[Curve, ...]
    levels: tuple[ModelResult, ...]
    efficiencies: tuple[Efficiency, ...] = ()
    notes: tuple[str, ...] = ()
