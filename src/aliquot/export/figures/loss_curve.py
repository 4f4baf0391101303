"""Loss curve: training and validation loss by step, and the checkpoint that is used."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.export.figures.svg import (
    BLUE,
    GRID,
    INK,
    MUTED,
    PALE_BLUE,
    RULE,
    VERMILLION,
    WHITE,
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
from aliquot.export.history import History
from aliquot.export.wording import fixed

HEIGHT = 314
TOP, BOTTOM, LEFT, RIGHT = 44, 262, 48, 612
MAX_POINTS = 600
"""Raw training losses drawn; beyond that every k-th is taken, the screen cannot show more."""

Points = Sequence[tuple[int, float]]


def loss_curve(history: History, *, num_steps: int, is_done: bool = True, per: str = "trained token") -> str:
    """Return the figure; the horizontal axis spans all planned steps, so a running curve shows what is left.

    Args:
        history: Steps and validations so far.
        num_steps: Planned optimizer steps.
        is_done: Whether training has ended, so that the best checkpoint is the one used.
        per: What the loss is a mean over.
    """
    smooth = smoothed(history.steps)
    x, y = _scales(history, smooth, num_steps)
    parts = _axes(x, y, per)
    if len(history.steps) > 1:
        thin = history.steps[:: max(1, len(history.steps) // MAX_POINTS)]
        parts.append(polyline(_pixels(thin, x, y), stroke=PALE_BLUE, width=1, opacity=0.6))
        parts.append(polyline(_pixels(smooth, x, y), stroke=BLUE, width=2))
    if history.validations:
        points = _pixels(history.validations, x, y)
        parts.append(polyline(points, stroke=VERMILLION, width=2))
        parts += [circle(px, py, 3, fill=VERMILLION) for px, py in points]
    parts += _chosen(history, x, y, is_done) + _labels(history, smooth, x, y)
    return figure(
        parts, height=HEIGHT, title="Loss by optimizer step", description=_describe(history, num_steps)
    )


def smoothed(steps: Points) -> list[tuple[int, float]]:
    """Return a running mean over a window of a twentieth of the steps, centred, shorter at the ends."""
    reach = max(1, len(steps) // 40)
    sums = [0.0]
    for _, loss in steps:
        sums.append(sums[-1] + loss)
    result = []
    for index, (step, _) in enumerate(steps):
        low, high = max(0, index - reach), min(len(steps), index + reach + 1)
        result.append((step, (sums[high] - sums[low]) / (high - low)))
    return result


def _scales(history: History, smooth: Points, num_steps: int) -> tuple[Scale, Scale]:
    # A few raw losses may spike; the axis follows the smooth curve and what nearly all raw ones reach.
    raw = sorted(loss for _, loss in history.steps)
    tops = [loss for _, loss in (*smooth, *history.validations)] + raw[: max(1, len(raw) * 98 // 100)]
    marks = ticks(0.0, max(tops, default=1.0) or 1.0)
    last = max([num_steps, *(step for step, _ in history.steps)])
    return Scale(0, max(1, last), LEFT, RIGHT), Scale(0.0, marks[-1], BOTTOM, TOP)


def _axes(x: Scale, y: Scale, per: str) -> list[str]:
    parts = [text(0, 14, f"Loss (nats per {per})", fill=INK)]
    marks = ticks(y.low, y.high)
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(line(LEFT, y(mark), RIGHT, y(mark), stroke=RULE if mark == 0 else GRID))
        parts.append(text(LEFT - 8, y(mark) + 4, label, fill=MUTED, anchor="end", size=12))
    for mark in ticks(0, x.high, 6):
        if mark <= x.high and mark == int(mark):
            parts.append(line(x(mark), BOTTOM, x(mark), BOTTOM + 5))
            parts.append(text(x(mark), BOTTOM + 19, f"{int(mark):,}", fill=MUTED, anchor="middle", size=12))
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 42, "Optimizer step", anchor="middle"))
    return parts


def _pixels(points: Points, x: Scale, y: Scale) -> list[tuple[float, float]]:
    return [(x(step), y(min(loss, y.high))) for step, loss in points]


def _chosen(history: History, x: Scale, y: Scale, is_done: bool) -> list[str]:
    if history.best is None:
        return []
    step, loss = history.best
    px, py = x(step), y(min(loss, y.high))
    anchor = "end" if px > (LEFT + RIGHT) / 2 else "start"
    near = px + (-6 if anchor == "end" else 6)
    return [
        line(px, TOP - 8, px, BOTTOM, stroke=INK, dash="2 4"),
        text(
            near,
            TOP - 4,
            f"{'checkpoint used' if is_done else 'best so far'}: step {step:,}",
            anchor=anchor,
            size=12,
        ),
        circle(px, py, 6, fill=WHITE, stroke=VERMILLION),
        circle(px, py, 3, fill=VERMILLION),
    ]


def _labels(history: History, smooth: Points, x: Scale, y: Scale) -> list[str]:
    ends = []
    if history.validations:
        ends.append((*history.validations[-1], "validation", VERMILLION))
    if len(smooth) > 1:
        ends.append((*smooth[-1], "training", BLUE))
    heights = spread([y(min(loss, y.high)) for _, loss, _, _ in ends], 18)
    edge = max((x(step) for step, _, _, _ in ends), default=RIGHT)
    return [
        text(edge + 12, height + 4.5, f"{name} {fixed(loss, 3)}", fill=colour, is_bold=True)
        for (_, loss, name, colour), height in zip(ends, heights, strict=True)
    ]


def _describe(history: History, num_steps: int) -> str:
    facts = [f"{len(history.steps)} of {num_steps} steps"]
    if history.steps:
        facts.append(f"training loss from {history.steps[0][1]:.3f} to {history.steps[-1][1]:.3f}")
    if history.best:
        facts.append(f"lowest validation loss {history.best[1]:.3f} at step {history.best[0]}")
    return "; ".join(facts) + "."
