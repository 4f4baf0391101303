"""The few shapes that figures are made of, as text. Presentation attributes only: no style, no script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

INK = "#1c2530"
MUTED = "#5b6875"
RULE = "#c3cad1"
GRID = "#e9edf0"
BLUE = "#0067a5"
PALE_BLUE = "#8fbfdf"
VERMILLION = "#c2480a"
WHITE = "#ffffff"

FONT = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', "
    "'Liberation Sans', Arial, system-ui, sans-serif"
)
WIDTH = 760
"""Of all figures, in CSS pixels: the page's column and a paper's full text width."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from data to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def figure(parts: Iterable[str], *, height: float, title: str, description: str, width: float = WIDTH) -> str:
    """Return a whole figure that stands alone as a file and also inside a page.

    Args:
        parts: Shapes, back to front.
        height: In CSS pixels.
        title: Read out in place of the picture.
        description: What it shows, with its figures, for those who cannot see it.
        width: In CSS pixels.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
        f'height="{_n(height)}" role="img" font-family="{FONT}" font-size="13" fill="{INK}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def text(
    x: float,
    y: float,
    content: str,
    *,
    fill: str = INK,
    anchor: str = "start",
    size: float = 13,
    is_bold: bool = False,
    turn: float = 0,
) -> str:
    """Return a line of text; ``y`` is its baseline and ``turn`` its rotation in degrees."""
    weight = ' font-weight="600"' if is_bold else ""
    rotation = f' transform="rotate({_n(turn)} {_n(x)} {_n(y)})"' if turn else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" fill="{fill}" font-size="{_n(size)}" text-anchor="{anchor}"{weight}'
        f"{rotation}>{escape(content)}</text>"
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, stroke: str = RULE, width: float = 1, dash: str = ""
) -> str:
    """Return a straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{stroke}" '
        f'stroke-width="{_n(width)}"{dashes}/>'
    )


def polyline(
    points: Sequence[tuple[float, float]], *, stroke: str, width: float = 1.5, opacity: float = 1
) -> str:
    """Return a line through points given in pixels."""
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    faint = f' stroke-opacity="{_n(opacity)}"' if opacity < 1 else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}" '
        f'stroke-linejoin="round" stroke-linecap="round"{faint}/>'
    )


def circle(x: float, y: float, radius: float, *, fill: str, stroke: str = "none", opacity: float = 1) -> str:
    """Return a dot."""
    faint = f' fill-opacity="{_n(opacity)}"' if opacity < 1 else ""
    edge = f' stroke="{stroke}" stroke-width="1.5"' if stroke != "none" else ""
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"{faint}{edge}/>'


def rectangle(x: float, y: float, width: float, height: float, *, fill: str, stroke: str = "none") -> str:
    """Return a filled rectangle."""
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}" '
        f'stroke="{stroke}"/>'
    )


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that cover ``low`` to ``high`` in steps of 1, 2 or 5 times a power of ten."""
    span = high - low or abs(high) or 1.0
    rough = span / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Return ticks as text, all with the decimals that their step needs."""
    step = abs(values[1] - values[0]) if len(values) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{value + 0.0:,.{decimals}f}".replace("-", "−") for value in values]


def text_width(content: str, size: float = 13) -> float:
    """Return about how wide a text is set in a sans-serif face, in pixels."""
    narrow = sum(character in "iljtfrI.,:;'|![]() " for character in content)
    wide = sum(character in "mwMW@%" for character in content)
    return size * (0.56 * len(content) - 0.24 * narrow + 0.3 * wide)


def shortened(content: str, width: float, size: float = 13) -> str:
    """Return a text cut with an ellipsis to fit a width in pixels."""
    if text_width(content, size) <= width:
        return content
    kept = content
    while kept and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Return positions moved apart to be at least ``gap`` from one another, order and mean kept."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed = sorted(positions)
    for index in range(1, len(placed)):
        placed[index] = max(placed[index], placed[index - 1] + gap)
    shift = (sum(positions) - sum(placed)) / max(1, len(placed))
    result = [0.0] * len(positions)
    for slot, index in enumerate(order):
        result[index] = placed[slot] + shift
    return result


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
