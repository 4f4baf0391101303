"""What a learning curve says in words: whether more rows would help, and what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.curve import CITATION, Curve, CurveFit, Efficiency, Expected, Gain, Verdict
from aliquot.core.result import Interval
from aliquot.core.wording import in_sentence
from aliquot.evaluation.learning_curve import MIN_SIZES
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.wording import capitalise, format_difference, model_phrase

HARDLY_POINTS = 0.01
"""A share that twice the rows raise by less than one point hardly changes …"""
HARDLY_SHARE = 0.05
"""… nor does another metric whose error falls by less than a twentieth."""
_SEEN = 0.999
"""From this share of it on, a factor is the largest that the sizes can show."""


def judge(gains: Sequence[Gain], slope: Interval | None, error: float, metric: Metric) -> Verdict:
    """Return what follows for twice the rows.

    Args:
        gains: By the fit, twice the rows first; empty without a fit.
        slope: Of the straight line over doublings.
        error: With all rows, as a distance from the metric's best value.
        metric: Says what is hardly a change.
    """
    if slope and slope.high < 0:
        return "falls"
    if not gains:
        return "cannot_tell"
    if gains[0].high < find_hardly(error, metric):
        return "hardly"
    return "helps" if gains[0].low > 0 else "cannot_tell"


def find_hardly(error: float, metric: Metric) -> float:
    """Return the gain below which more rows hardly help."""
    return HARDLY_POINTS if metric.unit == "share" else HARDLY_SHARE * error


def say_outlook(curve: Curve, metric: Metric, *, confidence: float) -> str:
    """Return the sentence about more rows for one curve with its verdict.

    Args:
        curve: With points, slope, fit, gains and verdict.
        metric: The metric.
        confidence: Of its intervals.
    """
    name = in_sentence(metric.title)
    if curve.verdict == "falls":
        assert curve.slope is not None, "a fall is seen in the slope"
        amount = _amount(-_middle(curve.slope), -curve.slope.high, -curve.slope.low, metric, curve.slope)
        return (
            f"{capitalise(name)} got worse with more rows, by about {amount} per doubling; look at the rows "
            "and the settings before adding any."
        )
    if not curve.gains:
        return f"What more rows would bring cannot be told: {_say_missing(curve)}."
    twice = curve.gains[0]
    amount = _amount(twice.gain, twice.low, twice.high, metric)
    more = f"{twice.num_more:,} more rows"
    if curve.verdict == "helps":
        towards = "" if metric.direction == "higher" else " less"
        in_metric = "" if metric.unit == "share" else f" of {name}"
        sign = "+" if metric.direction == "higher" else ""
        return f"About {more} would bring {sign}{amount}{towards}{in_metric}."
    if curve.verdict == "hardly":
        return f"More rows of this kind would hardly help: {more} would bring {amount}."
    return (
        f"What more rows would bring cannot be told: by the {100 * confidence:g} % band {more} may bring "
        f"nothing or up to {_figure(twice.high, metric)}."
    )


def say_efficiency(
    factor: float, low: float, high: float, most: float, *, model: str, other: str, num_rows: int
) -> str:
    """Return how many times the rows one model needs, in words, and since when it cannot be seen."""
    if low <= 1 <= high:
        return (
            f"{capitalise(model)} and {other} cannot be told apart in the rows they need for the same score "
            f"(factor {_times(factor, most)}, interval {_times(low, most)} to {_times(high, most)})."
        )
    if factor >= most * _SEEN:
        at_least = "" if low >= most * _SEEN else f" (lower end of the interval: {_times(low, most)})"
        return (
            f"{capitalise(other)} with all {num_rows:,} rows is no better than {model} with "
            f"{round(num_rows / most):,}, the fewest tried: it needs {_times(factor, most)} times as "
            f"many{at_least}."
        )
    return (
        f"{capitalise(other)} with all {num_rows:,} rows is as good as {model} with about "
        f"{round(num_rows / factor):,}: it needs {_times(factor, most)} times as many [{_times(low, most)}, "
        f"{_times(high, most)}]."
    )


def say_check(fit: CurveFit, measured: float, interval: Interval | None, num_rows: int) -> str:
    """Return whether the curve without the largest size foretold it; empty where this cannot be tried."""
    if fit.last_check is None:
        return ""
    told = fit.last_check
    ends = (interval.low, interval.high) if interval else (measured, measured)
    holds = told.low <= ends[1] and ends[0] <= told.high
    return (
        f"Trial of the curve: fitted without the largest size it foretold {_expected(told)} at {num_rows:,} "
        f"rows; measured were {measured:.3f}{f' [{ends[0]:.3f}, {ends[1]:.3f}]' if interval else ''}"
        f"{'' if holds else ', so extrapolation missed here; do not rely on it'}."
    )


def write_curve_headline(
    curves: Sequence[Curve], efficiencies: Sequence[Efficiency], several_bases: bool
) -> str:
    """Return the first thing to know: what more rows would bring, then how many rows others need."""
    tuned = [curve for curve in curves if curve.kind == "tuned"]
    said = [f"{curve.base}: {curve.sentence}" if several_bases else curve.sentence for curve in tuned]
    return " ".join([*said, *(one.sentence for one in efficiencies[:1])])


def write_curve_notes(
    *,
    num_seeds: int,
    num_missing: int,
    problems: dict[str, str],
    checks: Sequence[str],
    settings_differ: bool,
    has_fit: bool,
    metric: Metric,
) -> tuple[str, ...]:
    """Return what limits the figures."""
    notes = [f"{cell} has no result and is in no mean: {problem}" for cell, problem in problems.items()]
    if num_missing > len(problems):
        notes.append(f"{num_missing - len(problems)} runs of this curve have no result yet.")
    notes += [check for check in checks if check]
    notes.append(
        "Test and validation rows are the same at every size. For each seed, fewer training rows are part of "
        "more, in an order that belongs to that seed. "
        + (
            "With one seed the intervals are over test items alone; --seeds 3 shows the rest."
            if num_seeds == 1
            else "So intervals hold the draw of rows, training and test items; at the largest size, where "
            "all seeds train on the same rows, only training and test items."
        )
    )
    if settings_differ:
        notes.append(
            "Each size was tuned as its number of rows asks for: steps and epochs stand in the table. Set "
            "num_epochs or max_steps to hold them fixed."
        )
    if has_fit:
        notes.append(
            f"Fitted is {CITATION}; error is the distance from the best possible "
            f"{in_sentence(metric.title)}. The band knows the noise of the points, not whether this form "
            "goes on to hold; nothing is said beyond four times the rows."
        )
    return tuple(notes)


def phrase(model: str, base: str, task_type: str, several_bases: bool) -> str:
    """Return the words for a curve's model inside a sentence."""
    if model != "tuned":
        return model_phrase(model, task_type)
    return f"{base}, tuned," if several_bases else "the tuned model"


def _say_missing(curve: Curve) -> str:
    if len(curve.points) < MIN_SIZES:
        sizes = f"{len(curve.points)} sizes are" if len(curve.points) > 1 else "one size is"
        return f"{sizes} too few to fit a curve to, {MIN_SIZES} are needed"
    return "the metric is undefined at some size, or has no interval"


def _amount(value: float, low: float, high: float, metric: Metric, like: Interval | None = None) -> str:
    interval = Interval(low=low, high=high, confidence=like.confidence if like else 0.95, method="")
    return format_difference(value, interval, metric)


def _figure(value: float, metric: Metric) -> str:
    return f"{100 * value:.1f} points" if metric.unit == "share" else f"{value:.3g}"


def _middle(interval: Interval) -> float:
    return (interval.low + interval.high) / 2


def _times(factor: float, most: float) -> str:
    if factor >= most * _SEEN:
        return f"more than {most:.2g}"
    return f"{factor:.2g}" if factor < 10 else f"{factor:.0f}"


def _expected(told: Expected) -> str:
    return f"{told.value:.3f} [{told.low:.3f}, {told.high:.3f}]"
