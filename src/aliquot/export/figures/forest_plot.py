"""Forest plot: each model's score with its interval, best on top, and what tuning gained over it."""

from __future__ import annotations

from aliquot.core.result import Comparison, EvaluationReport, ModelResult
from aliquot.core.wording import in_sentence, p_text
from aliquot.export.figures.svg import (
    BLUE,
    GRID,
    INK,
    MUTED,
    RULE,
    WIDTH,
    Scale,
    circle,
    figure,
    line,
    shortened,
    text,
    text_width,
    tick_labels,
    ticks,
)
from aliquot.export.record import ranked
from aliquot.export.wording import (
    fixed,
    heading,
    interval_text,
    metric_text,
    primary_title,
    reference_title,
    report_decimals,
    with_unit,
)

ROW = 34
TOP = 46
VALUES = 150
GAINS = 140


def forest_plot(report: EvaluationReport) -> str:
    """Return the figure: one row per model that has a value of the primary metric.

    The right-hand columns print value and interval, and the paired difference to the reference model with its
    p-value (Holm), so that the figure needs no table beside it.
    """
    results = [result for result in ranked(report.results) if result.primary.value is not None]
    if not results:
        return _empty(report)
    against = _list_gains(report)
    gains = GAINS if against else 0
    left = 24 + min(230.0, max(text_width(heading(result)) for result in results))
    scale = _scale(results, left, WIDTH - VALUES - gains - 16)
    bottom = TOP + ROW * len(results)
    decimals = report_decimals(report)
    parts = [*_axis(report, scale, bottom), *_headings(report, bool(against))]
    parts += _reference_line(report, results, scale, bottom)
    for index, result in enumerate(results):
        y = TOP + ROW * (index + 0.5)
        parts += _row(result, scale, y, left, is_reference=result.model == report.reference)
        parts += _columns(report, result, y, decimals, bool(against))
        if result.model in against:
            parts += _gain(against[result.model], y, decimals)
    return figure(parts, height=bottom + 52, title=_title(report), description=_describe(results, decimals))


def _list_gains(report: EvaluationReport) -> dict[str, Comparison]:
    """Return the comparison of each model with the reference, whichever of the two it is told from."""
    to_others = {each.other: each for each in report.comparisons if each.model == report.reference}
    return to_others or {each.model: each for each in report.comparisons if each.other == report.reference}


def _gain_heading(report: EvaluationReport) -> str:
    reference = reference_title(report)
    if any(each.model == report.reference for each in report.comparisons):
        return f"{shortened(reference, GAINS - 80)} minus this"
    return f"this minus {shortened(reference, GAINS - 80)}"


def _scale(results: list[ModelResult], start: float, end: float) -> Scale:
    values = [result.primary.value for result in results if result.primary.value is not None]
    values += [result.primary.interval.low for result in results if result.primary.interval]
    values += [result.primary.interval.high for result in results if result.primary.interval]
    marks = ticks(min(values), max(values))
    return Scale(marks[0], marks[-1], start, end)


def _axis(report: EvaluationReport, scale: Scale, bottom: float) -> list[str]:
    marks = ticks(scale.low, scale.high)
    parts = [line(scale(mark), TOP - 6, scale(mark), bottom, stroke=GRID) for mark in marks]
    parts.append(line(scale.start, bottom, scale.end, bottom))
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(text(scale(mark), bottom + 18, label, fill=MUTED, anchor="middle", size=12))
    primary = report.results[0].primary
    better = "higher is better →" if primary.direction == "higher" else "← lower is better"
    title = with_unit(primary_title(report), primary.unit)
    middle = (scale.start + scale.end) / 2
    parts.append(text(middle, bottom + 40, f"{title}, {better}", anchor="middle"))
    return parts


def _headings(report: EvaluationReport, has_gains: bool) -> list[str]:
    confidence = f"{report.confidence * 100:g} %"
    right = WIDTH - (GAINS if has_gains else 0)
    parts = [
        text(0, 22, "Model", fill=MUTED, size=12),
        text(right - 8, 22, f"value [{confidence} interval]", fill=MUTED, anchor="end", size=12),
        line(0, 32, WIDTH, 32),
    ]
    if has_gains:
        parts.append(
            text(
                WIDTH,
                22,
                _gain_heading(report),
                fill=MUTED,
                anchor="end",
                size=12,
            )
        )
    return parts


def _reference_line(
    report: EvaluationReport, results: list[ModelResult], scale: Scale, bottom: float
) -> list[str]:
    reference = next((result for result in results if result.model == report.reference), None)
    if reference is None or reference.primary.value is None:
        return []
    x = scale(reference.primary.value)
    return [line(x, TOP - 6, x, bottom, stroke=BLUE, dash="2 4")]


def _row(result: ModelResult, scale: Scale, y: float, left: float, *, is_reference: bool) -> list[str]:
    colour = BLUE if is_reference else INK
    parts = [text(0, y + 4.5, shortened(heading(result), left - 16), fill=colour, is_bold=is_reference)]
    interval = result.primary.interval
    if interval:
        low, high = scale(interval.low), scale(interval.high)
        parts.append(line(low, y, high, y, stroke=colour if is_reference else MUTED, width=2))
        parts += [
            line(end, y - 4, end, y + 4, stroke=colour if is_reference else MUTED) for end in (low, high)
        ]
    value = result.primary.value
    if value is not None:
        parts.append(circle(scale(value), y, 5.5 if is_reference else 4.5, fill=colour))
    return parts


def _columns(
    report: EvaluationReport, result: ModelResult, y: float, decimals: int, has_gains: bool
) -> list[str]:
    is_reference = result.model == report.reference
    right = WIDTH - (GAINS if has_gains else 0) - 8
    value, interval = fixed(result.primary.value, decimals), interval_text(result.primary.interval, decimals)
    width = max(text_width(interval, 12), 92)
    colour = BLUE if is_reference else INK
    return [
        text(right - width - 8, y + 4.5, value, anchor="end", is_bold=is_reference, fill=colour),
        text(right, y + 4.5, interval, anchor="end", fill=MUTED, size=12),
    ]


def _gain(comparison: Comparison, y: float, decimals: int) -> list[str]:
    difference = fixed(comparison.difference, decimals, is_signed=True)
    return [
        text(WIDTH - 76, y + 4.5, difference, anchor="end"),
        text(WIDTH, y + 4.5, p_text(comparison.p_value_holm), anchor="end", fill=MUTED, size=12),
    ]


def _title(report: EvaluationReport) -> str:
    return f"{primary_title(report)} on {report.num_items:,} {report.split} rows, by model"


def _describe(results: list[ModelResult], decimals: int) -> str:
    return "; ".join(f"{result.title}: {metric_text(result.primary, decimals)}" for result in results) + "."


def _empty(report: EvaluationReport) -> str:
    note = f"No model has a value of {in_sentence(primary_title(report))} yet."
    return figure(
        [line(0, 8, WIDTH, 8, stroke=RULE), text(0, 32, note, fill=MUTED)],
        height=44,
        title=_title(report),
        description=note,
    )
