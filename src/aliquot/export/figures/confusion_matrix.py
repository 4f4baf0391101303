"""Confusion matrix: how often each reference label got each answer."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.result import Confusion
from aliquot.export.figures.svg import (
    INK,
    MUTED,
    RULE,
    WHITE,
    WIDTH,
    figure,
    rectangle,
    shortened,
    text,
    text_width,
)

MAX_LABELS = 30
"""More cells than this cannot be read; ``items.csv`` has every answer."""
BLUE_RGB = (0x00, 0x67, 0xA5)
VERMILLION_RGB = (0xC2, 0x48, 0x0A)
TOTAL = 96
HEAD = 76
TURNED_HEAD = 130
UNREAD_GAP = 10


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the cells lie, in pixels."""

    left: float
    top: float
    width: float
    height: float
    num_labels: int

    def x(self, column: int) -> float:
        """Left edge of a column; unreadable answers stand apart."""
        return self.left + column * self.width + (UNREAD_GAP if column >= self.num_labels else 0)

    def y(self, row: int) -> float:
        """Top edge of a row."""
        return self.top + row * self.height


def confusion_matrix(confusion: Confusion, *, title: str = "") -> str:
    """Return the figure: references are rows, answers columns, the last column is unreadable answers.

    A cell is shaded by its share of its row and holds the count; right answers lie on the diagonal. The
    figure is as wide as it needs to be, so that small ones can stand side by side.

    Args:
        confusion: Counts of one model.
        title: The model's title for people; its name when empty.
    """
    name = title or confusion.model
    if len(confusion.labels) > MAX_LABELS:
        return _too_many(name, len(confusion.labels))
    has_unread = any(row[-1] for row in confusion.counts)
    names = [*confusion.labels, "unreadable"] if has_unread else list(confusion.labels)
    grid = _grid(confusion.labels, len(names))
    parts = [text(0, 14, name, is_bold=True), *_heads(names, grid)]
    for row, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        middle = grid.y(row) + grid.height / 2 + 4.5
        parts.append(text(grid.left - 10, middle, shortened(label, grid.left - 34), anchor="end"))
        for column in range(len(names)):
            parts.append(_cell(grid, row, column, counts))
        parts.append(_right(counts[row], sum(counts), grid.x(len(names)) + 10, middle))
    bottom = grid.y(len(confusion.labels))
    parts.append(
        text(12, (grid.top + bottom) / 2, "Reference", fill=MUTED, anchor="middle", turn=-90, size=12)
    )
    return figure(
        parts,
        height=bottom + 8,
        width=max(grid.x(len(names)) + TOTAL, text_width(name) * 1.15),
        title=f"Confusion matrix of {name}",
        description=_describe(confusion),
    )


def _grid(labels: tuple[str, ...], num_columns: int) -> _Grid:
    widest = max(text_width(label) for label in labels)
    left = 38 + min(150.0, widest)
    width = min(64.0, (WIDTH - left - TOTAL - UNREAD_GAP) / num_columns)
    top = TURNED_HEAD if widest > width - 8 else HEAD
    return _Grid(left, top, width, min(width, 48.0), len(labels))


def _heads(names: list[str], grid: _Grid) -> list[str]:
    middle = grid.left + grid.width * grid.num_labels / 2
    parts = [text(middle, 40, "Answer", fill=MUTED, anchor="middle", size=12)]
    for column, name in enumerate(names):
        x = grid.x(column) + grid.width / 2
        colour = MUTED if column == grid.num_labels else INK
        if grid.top == TURNED_HEAD:
            parts.append(text(x + 4, grid.top - 10, shortened(name, 92), fill=colour, turn=-45))
        else:
            parts.append(
                text(x, grid.top - 10, shortened(name, grid.width + 6), fill=colour, anchor="middle")
            )
    parts.append(text(grid.x(len(names)) + 10, grid.top - 10, "right", fill=MUTED, size=12))
    return parts


def _cell(grid: _Grid, row: int, column: int, counts: tuple[int, ...]) -> str:
    count, x, y = counts[column], grid.x(column), grid.y(row)
    share = count / sum(counts) if any(counts) else 0.0
    box = rectangle(
        x + 1,
        y + 1,
        grid.width - 2,
        grid.height - 2,
        fill=_shade(share, BLUE_RGB if row == column else VERMILLION_RGB),
        stroke="none" if count else RULE,
    )
    colour = WHITE if share > 0.62 else INK if count else MUTED
    return box + text(
        x + grid.width / 2, y + grid.height / 2 + 4.5, f"{count:,}", fill=colour, anchor="middle"
    )


def _shade(share: float, full: tuple[int, int, int]) -> str:
    """Mix white with a colour: blue for right answers, vermillion for wrong ones."""
    depth = share**0.7  # lifts rare cells above the paper white
    return "#" + "".join(f"{round(255 + (channel - 255) * depth):02x}" for channel in full)


def _right(num_right: int, total: int, x: float, baseline: float) -> str:
    share = f"{num_right / total * 100:.0f} %" if total else "–"
    return text(x, baseline, share) + text(x + 42, baseline, f"of {total:,}", fill=MUTED, size=12)


def _describe(confusion: Confusion) -> str:
    rows = (
        f"{label}: {counts[index]} of {sum(counts)} right"
        for index, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
    )
    return "; ".join(rows) + "."


def _too_many(name: str, num_labels: int) -> str:
    note = f"{name}: {num_labels} labels are too many for a legible matrix; items.csv lists every answer."
    return figure(
        [text(0, 20, note, fill=MUTED)], height=32, title=f"Confusion matrix of {name}", description=note
    )
