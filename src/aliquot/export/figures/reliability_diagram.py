"""Reliability diagram: how often the likeliest label is right, where the model is about equally sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.core.result import Reliability, ReliabilityBin
from aliquot.export.figures.svg import (
    BLUE,
    GRID,
    INK,
    MUTED,
    PALE_BLUE,
    RULE,
    WIDTH,
    Scale,
    circle,
    figure,
    line,
    rectangle,
    shortened,
    text,
    tick_labels,
    ticks,
)
from aliquot.export.wording import ABSENT, fixed

MAX_PANELS = 3
"""Side by side in the width of a page; more would be too small to read."""
LEFT, GAP, TOP, PLOT, BARS, FOOT = 40, 40, 66, 200, 34, 58
"""Pixels: room for the axis, between panels, above, of the plot, of the histogram, and below."""
THINNEST_BIN = 0.005
"""Width at which a bin of equal confidences is drawn; its bar would be infinitely high otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One model's part of the figure."""

    title: str
    reliability: Reliability
    is_tuned: bool = False


def reliability_diagram(panels: Sequence[Panel]) -> str:
    """Return the figure: a panel a model, the share of right answers over confidence.

    On the dotted diagonal a model is right as often as it is sure; below it, it is too sure. Whiskers are
    the intervals of the shares. The bars below tell how many items lie where: their area is the number.

    Args:
        panels: One to three, in the order in which they stand.

    Raises:
        ValueError: There is none, or there are too many.
    """
    if not 1 <= len(panels) <= MAX_PANELS:
        raise ValueError(f"A reliability diagram has 1 to {MAX_PANELS} panels, not {len(panels)}.")
    low = _lowest(panels)
    width = (WIDTH - GAP * (MAX_PANELS - 1)) / MAX_PANELS
    parts: list[str] = []
    for place, panel in enumerate(panels):
        start = place * (width + GAP)
        parts += _panel(panel, Scale(low, 1.0, start + LEFT, start + width))
    return figure(
        parts,
        height=TOP + PLOT + BARS + FOOT,
        width=len(panels) * (width + GAP) - GAP + 8,
        title="Share of right answers by confidence",
        description=" ".join(_describe(panel) for panel in panels),
    )


def _lowest(panels: Sequence[Panel]) -> float:
    """Return where the axis of confidence begins: with two labels, none is below a half."""
    lows = [each.low for panel in panels for each in panel.reliability.bins]
    return 0.5 if lows and min(lows) >= 0.5 else 0.0


def _panel(panel: Panel, across: Scale) -> list[str]:
    up = Scale(0.0, 1.0, TOP + PLOT, TOP)
    colour = BLUE if panel.is_tuned else INK
    left = across.start - LEFT
    parts = [
        text(left, 14, shortened(panel.title, across.end - left), is_bold=True, fill=colour),
        text(left, 32, _mass(panel.reliability), fill=MUTED, size=12),
        *_axes(across, up),
        line(across.start, up(across.low), across.end, up(1.0), stroke=MUTED, dash="2 4"),
        *_bars(panel.reliability.bins, across, PALE_BLUE if panel.is_tuned else RULE),
    ]
    for each in panel.reliability.bins:
        parts += _dot(each, across, up, colour)
    return parts


def _axes(across: Scale, up: Scale) -> list[str]:
    bottom = TOP + PLOT + BARS
    parts, marks = [], ticks(0.0, 1.0)
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(line(across.start, up(mark), across.end, up(mark), stroke=GRID))
        parts.append(text(across.start - 6, up(mark) + 4, label, fill=MUTED, anchor="end", size=11))
    marks = ticks(across.low, 1.0)
    for mark, label in zip(marks, tick_labels(marks), strict=True):
        parts.append(text(across(mark), bottom + 16, label, fill=MUTED, anchor="middle", size=11))
    middle = (across.start + across.end) / 2
    parts.append(line(across.start, bottom, across.end, bottom))
    parts.append(text(across.start - 6, TOP - 10, "right", fill=MUTED, anchor="end", size=11))
    parts.append(text(middle, bottom + 36, "Confidence", fill=MUTED, anchor="middle", size=12))
    return parts


def _dot(each: ReliabilityBin, across: Scale, up: Scale, colour: str) -> list[str]:
    x = across(each.mean_confidence)
    parts = []
    if each.interval:
        parts.append(line(x, up(each.interval.low), x, up(each.interval.high), stroke=colour))
    return [*parts, circle(x, up(each.accuracy), 3.2, fill=colour)]


def _bars(bins: Sequence[ReliabilityBin], across: Scale, colour: str) -> list[str]:
    """Return the histogram: bins hold about equally many items, so width and height tell, area counts."""
    widths = [max(each.high - each.low, THINNEST_BIN) for each in bins]
    heights = [each.num_items / width for each, width in zip(bins, widths, strict=True)]
    tallest, bottom = max(heights, default=1.0), TOP + PLOT + BARS
    parts = []
    for each, width, height in zip(bins, widths, heights, strict=True):
        start, end = across(each.low), min(across(each.low + width), across.end + 2)
        tall = (BARS - 8) * height / tallest
        parts.append(rectangle(start, bottom - tall, max(end - start, 0.5), tall, fill=colour))
    return parts


def _mass(reliability: Reliability) -> str:
    mass = reliability.mean_label_mass
    return f"probability on the labels: {ABSENT if mass is None else fixed(mass, 3)}"


def _describe(panel: Panel) -> str:
    bins = "; ".join(
        f"{fixed(each.mean_confidence, 2)} sure, {fixed(each.accuracy, 2)} right of {each.num_items}"
        for each in panel.reliability.bins
    )
    return f"{panel.title}: {bins}."
