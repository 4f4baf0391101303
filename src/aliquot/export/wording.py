"""Numbers and names as people read them. Every artefact words the same fact the same way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from aliquot.core.curve import Curve
from aliquot.core.result import EvaluationReport, Interval, MetricValue, ModelResult
from aliquot.core.seeds import SeedsMetric
from aliquot.core.spec import TrainingSpec

ABSENT = "–"
MINUS = "−"

METHOD_TITLES = {"wilson": "Wilson", "bca": "BCa bootstrap"}
"""Interval methods that are names of people or abbreviations."""


def method_title(name: str) -> str:
    """Return how an interval or a p-value was made, as prose: ``wilson`` → ``Wilson``."""
    return METHOD_TITLES.get(name, name.replace("_", " "))


def metric_title(value: MetricValue | SeedsMetric) -> str:
    """Return the words for a metric as it was measured; records of earlier versions hold only its name."""
    return value.title or _as_words(value.metric)


def primary_title(report: EvaluationReport | None, name: str = "") -> str:
    """Return the words for the primary metric; before anything was scored they are made from its name."""
    if report is None or not report.results:
        return _as_words(report.primary_metric if report else name)
    return metric_title(report.results[0].primary)


def _as_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def reference_title(report: EvaluationReport) -> str:
    """Return the words for the model that the others are compared with."""
    reference = report.get_result(report.reference)
    return reference.title if reference else report.reference


def heading(result: ModelResult | Curve) -> str:
    """Return a model's title as it stands at the head of a row: ``base, few-shot`` → ``Base, few-shot``.

    The name of a model from outside is printed as it was given.
    """
    return result.title if result.kind == "external" else result.title[:1].upper() + result.title[1:]


def with_unit(title: str, unit: str) -> str:
    """Return a heading with its unit; shares have none, and ``answer`` means that of the answers."""
    return title if unit in ("", "share", "answer") else f"{title} ({unit})"


def method_in_words(training: TrainingSpec) -> str:
    """Return what was trained, in a few words: ``LoRA rank 16``, ``QLoRA (NF4) rank 16``, ``all weights``."""
    if not training.has_adapter:
        return "all weights"
    return f"{'QLoRA (NF4)' if training.is_4_bit else 'LoRA'} rank {training.lora_rank}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 row``, ``1,600 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def count_tokens(num_tokens: int, num_trained: int) -> str:
    """Return how many tokens there are and how many of them are trained.

    >>> count_tokens(160, 3)
    '160 tokens, 3 trained (2 %)'
    """
    return f"{count(num_tokens, 'token')}, {num_trained:,} trained ({100 * num_trained / num_tokens:.0f} %)"


def listed(names: Sequence[str]) -> str:
    """Return names as prose: ``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def decimals_for(intervals: Iterable[Interval | None]) -> int:
    """Return how many decimals are worth printing: the first digit of the median half width, at least two."""
    widths = sorted((each.high - each.low) / 2 for each in intervals if each and each.high > each.low)
    if not widths:
        return 3
    return min(6, max(2, -math.floor(math.log10(widths[len(widths) // 2]))))


def report_decimals(report: EvaluationReport) -> int:
    """Return the decimals of the primary metric throughout a report."""
    return decimals_for(result.primary.interval for result in report.results)


def fixed(value: float | None, decimals: int = 3, *, is_signed: bool = False) -> str:
    """Return a number with fixed decimals, thousands separators and a true minus sign."""
    if value is None or not math.isfinite(value):
        return ABSENT
    rounded = round(value, decimals) + 0.0  # turns -0.0 into 0.0
    sign = MINUS if rounded < 0 else "+" if is_signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{decimals}f}"


def interval_text(interval: Interval | None, decimals: int = 3, *, is_signed: bool = False) -> str:
    """Return ``[low, high]``."""
    if interval is None:
        return ABSENT
    low, high = (fixed(end, decimals, is_signed=is_signed) for end in (interval.low, interval.high))
    return f"[{low}, {high}]"


def metric_text(value: MetricValue | None, decimals: int = 3) -> str:
    """Return a metric with its interval: ``0.900 [0.867, 0.926]``."""
    if value is None or value.value is None:
        return ABSENT
    ends = f" {interval_text(value.interval, decimals)}" if value.interval else ""
    return fixed(value.value, decimals) + ends


def duration(seconds: float) -> str:
    """Return a time in at most two units: ``45 s``, ``3 min 12 s``, ``2 h 05 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def rough_duration(seconds: float) -> str:
    """Return an estimate no finer than it deserves: ``under a minute``, ``about 4 min``."""
    if seconds < 50:
        return "under a minute"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"about {minutes} min"
    tens = round(minutes / 10) * 10
    return f"about {tens // 60} h {tens % 60:02d} min"


def size(num_bytes: float) -> str:
    """Return a number of bytes in decimal units: ``98 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(num_bytes) < 1000 or unit == "GB":
            break
        num_bytes /= 1000
    digits = 1 if unit == "GB" or (unit != "bytes" and num_bytes < 10) else 0
    return f"{num_bytes:,.{digits}f} {unit}"


def energy(joules: float) -> str:
    """Return an energy in watt-hours or kilowatt-hours."""
    hours = joules / 3600
    return f"{hours / 1000:.3g} kWh" if hours >= 1000 else f"{hours:.3g} Wh"


def setting_text(value: Any, unit: str = "") -> str:
    """Return a setting's value for reading: ``0.00049``, ``4 rows``, ``q_proj, v_proj``, ``automatic``."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(setting_text(item) for item in value) or "none"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    noun = unit.removesuffix("s") if value == 1 and len(unit) > 2 else unit
    return f"{text} {noun}" if unit else text


def moment(stamp: str) -> str:
    """Return an ISO time stamp as ``2026-11-24 03:46 UTC``; anything else unchanged."""
    return f"{stamp[:10]} {stamp[11:16]} UTC" if len(stamp) >= 16 and stamp[10] == "T" else stamp
