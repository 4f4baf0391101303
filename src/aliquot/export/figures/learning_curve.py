"""Learning curve: score by number of training rows, the fitted curve, its band and what no row changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aliquot.core.curve import Curve, CurvePoint, CurveReport
from aliquot.export.figures.svg import (
    BLUE,
    GRID,
    INK,
    MUTED,
    RULE,
    VERMILLION,
    Scale,
    circle,
    figure,
    line,
    polyline,
    spread,
    text,
    tick_labels,
    ticks,
)
from aliquot.export.wording import fixed, heading, with_unit

HEIGHT = 374
TOP, BOTTOM, LEFT, RIGHT = 34, 306, 52, 560
TUNED_COLOURS = (BLUE, VERMILLION)
"""Of the tuned models; more than two are not compared in one study."""


def learning_curve(report: CurveReport) -> str:
    """Return the figure. Rows stand on a logarithmic axis, each tick a number of rows that was trained on.

    Beyond all rows the fitted curve is dashed, up to four times as many.
    """
    drawn = [curve for curve in report.curves if any(point.value is not None for point in curve.points)]
    if not drawn:
        note = "No size has a result yet."
        return figure([text(0, 20, note, fill=MUTED)], height=32, title=_title(report), description=note)
    x, y = _scales(report, drawn)
    parts = _axes(report, x, y)
    tuned = [curve for curve in drawn if curve.kind == "tuned"]
    colours = {id(curve): colour for curve, colour in zip(tuned, TUNED_COLOURS, strict=False)}
    for curve in tuned:
        parts += _band(curve, x, y, colours.get(id(curve), MUTED))
    for level in report.levels:
        if level.primary.value is not None:
            height = y(level.primary.value)
            parts.append(line(LEFT, height, RIGHT, height, stroke=INK, dash="2 4"))
    for curve in drawn:
        parts += _draw(curve, x, y, colours.get(id(curve), MUTED))
    parts += _labels(report, drawn, x, y, colours)
    return figure(parts, height=HEIGHT, title=_title(report), description=_describe(drawn))


def _scales(report: CurveReport, drawn: Sequence[Curve]) -> tuple[Scale, Scale]:
    rows = [point.num_rows for curve in drawn for point in curve.points]
    reach = max(rows) * (4 if any(curve.fit for curve in drawn) else 1)
    # A band may be wide open far out; the axis follows what was measured and what is expected.
    values = [point.value for curve in drawn for point in curve.points if point.value is not None]
    values += [end for curve in drawn for point in curve.points for end in _ends(point)]
    values += [one.value for curve in drawn if curve.kind == "tuned" and curve.fit for one in curve.fit.band]
    values += [level.primary.value for level in report.levels if level.primary.value is not None]
    marks = ticks(min(values), max(values))
    low, high = math.log2(min(rows)), math.log2(reach)
    margin = 0.04 * (high - low or 1)
    return Scale(low - margin, high + margin, LEFT, RIGHT), Scale(marks[0], marks[-1], BOTTOM, TOP)


def _axes(report: CurveReport, x: Scale, y: Scale) -> list[str]:
    better = "higher is better" if report.direction == "higher" else "lower is better"
    title = with_unit(report.metric_title, report.unit)
    parts = [text(0, 14, f"{title}, {better}")]
    marks = ticks(y.low, y.high)
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(line(LEFT, y(mark), RIGHT, y(mark), stroke=GRID))
        parts.append(text(LEFT - 8, y(mark) + 4, label, fill=MUTED, anchor="end", size=12))
    parts.append(line(LEFT, BOTTOM, RIGHT, BOTTOM))
    sizes = sorted(
        {point.num_rows for curve in report.curves if curve.kind == "tuned" for point in curve.points}
    )
    ahead = [times * sizes[-1] for times in (2, 4) if math.log2(times * sizes[-1]) <= x.high]
    for size in (*sizes, *ahead):
        place, is_measured = x(math.log2(size)), size <= sizes[-1]
        parts.append(line(place, BOTTOM, place, BOTTOM + 5))
        colour = INK if is_measured else MUTED
        parts.append(text(place, BOTTOM + 19, f"{size:,}", fill=colour, anchor="middle", size=12))
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, "Training rows", anchor="middle"))
    if ahead:
        border = x(math.log2(sizes[-1]))
        parts.append(line(border, TOP - 8, border, BOTTOM, stroke=RULE))
        parts.append(text(border + 6, TOP - 4, "expected, not measured", fill=MUTED, size=12))
    return parts


def _band(curve: Curve, x: Scale, y: Scale, colour: str) -> list[str]:
    if curve.fit is None:
        return []
    upper = [(x(math.log2(one.num_rows)), _held(one.high, y)) for one in curve.fit.band]
    lower = [(x(math.log2(one.num_rows)), _held(one.low, y)) for one in reversed(curve.fit.band)]
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in (*upper, *lower))
    return [f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.14"/>']


def _held(value: float, y: Scale) -> float:
    return min(max(y(value), TOP), BOTTOM)


def _draw(curve: Curve, x: Scale, y: Scale, colour: str) -> list[str]:
    pixels = [
        (x(math.log2(point.num_rows)), y(point.value)) for point in curve.points if point.value is not None
    ]
    if curve.kind == "baseline":
        return [
            polyline(pixels, stroke=colour, width=1.2),
            *(circle(*pixel, 2.5, fill=colour) for pixel in pixels),
        ]
    parts = _fitted_line(curve, x, y, colour) if curve.fit else [polyline(pixels, stroke=colour, width=2)]
    for point in curve.points:
        place = x(math.log2(point.num_rows))
        if ends := _ends(point):
            parts.append(line(place, y(ends[0]), place, y(ends[1]), stroke=colour, width=2))
            parts += [line(place - 4, y(end), place + 4, y(end), stroke=colour) for end in ends]
        if point.value is not None:
            parts.append(circle(place, y(point.value), 4.5, fill=colour))
    return parts


def _fitted_line(curve: Curve, x: Scale, y: Scale, colour: str) -> list[str]:
    assert curve.fit is not None, "only a fitted curve has a line"
    last = curve.points[-1].num_rows
    seen, ahead = [], []
    for one in curve.fit.band:
        (seen if one.num_rows <= last else ahead).append((x(math.log2(one.num_rows)), y(one.value)))
    dashes = [
        line(*start, *end, stroke=colour, width=1.5)
        for start, end in zip(ahead[::2], ahead[1::2], strict=False)
    ]
    return [polyline(seen, stroke=colour, width=1.5), *dashes]


def _ends(point: CurvePoint) -> tuple[float, ...]:
    return (point.interval.low, point.interval.high) if point.interval else ()


def _labels(
    report: CurveReport, drawn: Sequence[Curve], x: Scale, y: Scale, colours: dict[int, str]
) -> list[str]:
    """Return each line's name at the right border, at the height where it was last measured."""
    names = [
        (_last_value(curve), _name(report, curve), colours.get(id(curve), MUTED), curve.kind == "tuned")
        for curve in drawn
    ]
    names += [
        (level.primary.value, heading(level), INK, False)
        for level in report.levels
        if level.primary.value is not None
    ]
    heights = spread([y(value) for value, _, _, _ in names], 17)
    return [
        text(RIGHT + 10, height + 4.5, f"{name} {fixed(value, 3)}", fill=colour, is_bold=is_bold, size=12)
        for (value, name, colour, is_bold), height in zip(names, heights, strict=True)
    ]


def _last_value(curve: Curve) -> float:
    return next(point.value for point in reversed(curve.points) if point.value is not None)


def _name(report: CurveReport, curve: Curve) -> str:
    several = sum(one.kind == "tuned" for one in report.curves) > 1
    return f"{curve.base}" if several and curve.kind == "tuned" else heading(curve)


def _title(report: CurveReport) -> str:
    return f"{report.metric_title} by number of training rows"


def _describe(drawn: Sequence[Curve]) -> str:
    return (
        "; ".join(
            f"{curve.title}: "
            + ", ".join(f"{fixed(point.value, 3)} with {point.num_rows:,} rows" for point in curve.points)
            for curve in drawn
        )
        + "."
    )
