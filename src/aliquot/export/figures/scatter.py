"""Scatter plot: predicted against measured numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    text,
    tick_labels,
    ticks,
)

SIDE = 380
LEFT, TOP = 62, 16
WIDTH = LEFT + SIDE + 190
MARGIN = 0.25
"""Share of the references' range that answers may lie outside before they are drawn at the border."""


def scatter(points: Sequence[tuple[float, float]], *, title: str, num_unread: int = 0) -> str:
    """Return the figure: one dot per test row; a perfect answer lies on the diagonal.

    Args:
        points: (reference, answer) of each row whose answer could be read; not all finite is allowed.
        title: Whose answers they are.
        num_unread: Answers that were no number; they are named beside the figure.
    """
    finite = [point for point in points if all(map(math.isfinite, point))]
    num_unread += len(points) - len(finite)
    if not finite:
        note = "No answer could be read as a number."
        return figure([text(0, 20, note, fill=MUTED)], height=32, title=title, description=note)
    low, high = _range(finite)
    x, y = Scale(low, high, LEFT, LEFT + SIDE), Scale(low, high, TOP + SIDE, TOP)
    inside = [point for point in finite if low <= point[1] <= high]
    opacity = 0.75 if len(inside) < 150 else 0.45 if len(inside) < 800 else 0.25
    parts = [*_axes(x, y), line(x(low), y(low), x(high), y(high), stroke=INK, dash="2 4")]
    parts.append(text(x(high) + 8, y(high) + 12, "exact answer", size=12))
    parts += [circle(x(each[0]), y(each[1]), 3.5, fill=BLUE, opacity=opacity) for each in inside]
    outside = [point for point in finite if not low <= point[1] <= high]
    parts += [_outlier(point, x, y) for point in outside]
    parts += _notes(len(inside), len(outside), num_unread)
    described = f"{len(finite)} answers against their references; {num_unread} unreadable."
    return figure(parts, height=TOP + SIDE + 56, width=WIDTH, title=title, description=described)


def _range(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    references = [reference for reference, _ in points]
    reach = (max(references) - min(references) or abs(references[0]) or 1.0) * MARGIN
    floor, ceiling = min(references) - reach, max(references) + reach
    within = [answer for _, answer in points if floor <= answer <= ceiling]
    marks = ticks(min(references + within), max(references + within), 6)
    return marks[0], marks[-1]


def _axes(x: Scale, y: Scale) -> list[str]:
    marks = ticks(x.low, x.high, 6)
    parts = []
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(line(x(mark), y.start, x(mark), y.end, stroke=GRID))
        parts.append(line(x.start, y(mark), x.end, y(mark), stroke=GRID))
        parts.append(text(x(mark), y.start + 18, label, fill=MUTED, anchor="middle", size=12))
        parts.append(text(x.start - 8, y(mark) + 4, label, fill=MUTED, anchor="end", size=12))
    parts += [line(x.start, y.start, x.end, y.start), line(x.start, y.start, x.start, y.end, stroke=RULE)]
    parts.append(text((x.start + x.end) / 2, y.start + 42, "Reference", anchor="middle"))
    parts.append(text(14, (y.start + y.end) / 2, "Answer", anchor="middle", turn=-90))
    return parts


def _outlier(point: tuple[float, float], x: Scale, y: Scale) -> str:
    is_above = point[1] > y.high
    px, py, tip = x(point[0]), y.end + 2 if is_above else y.start - 2, 7 if is_above else -7
    corners = f"{px:.1f},{py:.1f} {px - 4:.1f},{py + tip:.1f} {px + 4:.1f},{py + tip:.1f}"
    return f'<polygon points="{corners}" fill="{VERMILLION}"/>'


def _notes(num_inside: int, num_outside: int, num_unread: int) -> list[str]:
    notes = [(f"{num_inside:,} answers drawn", INK)]
    if num_outside:
        notes.append((f"▲ {num_outside:,} beyond the axes", VERMILLION))
    if num_unread:
        notes.append((f"{num_unread:,} unreadable, not drawn", VERMILLION))
    left = LEFT + SIDE + 14
    return [
        text(left, TOP + SIDE - 18 * (len(notes) - 1 - index), note, fill=colour, size=12)
        for index, (note, colour) in enumerate(notes)
    ]
