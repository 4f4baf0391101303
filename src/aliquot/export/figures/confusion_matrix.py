"""Confusion matrix: how often each reference label got each answer."""

from __future__ import annotations

from aliquot.core.result import Confusion
from aliquot.export.figures.svg import (
    INK,
    MUTED,
    RULE,
    VERMILLION,
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
TOTAL = 150
HEAD = 62
UNREAD_GAP = 10


def confusion_matrix(confusion: Confusion, *, title: str = "") -> str:
    """Return the figure: references are rows, answers columns, the last column is unreadable answers.

    A cell is shaded by its share of its row and holds the count; right answers lie on the diagonal.

    Args:
        confusion: Counts of one model.
        title: The model's title for people; its name when empty.
    """
    labels = confusion.labels
    name = title or confusion.model
    if len(labels) > MAX_LABELS:
        return _too_many(name, len(labels))
    has_unread = any(row[-1] for row in confusion.counts)
    left = 30 + min(150.0, max(text_width(label) for label in labels))
    columns = len(labels) + has_unread
    cell = min(76.0, (WIDTH - left - TOTAL) / columns)
    height = min(cell, 46.0) if len(labels) > 3 else min(cell, 52.0)
    is_turned = max(text_width(label) for label in labels) > cell - 6
    head = HEAD + (54 if is_turned else 0)
    parts = _heads(confusion, left, cell, head, is_turned=is_turned, has_unread=has_unread)
    for index, (label, counts) in enumerate(zip(labels, confusion.counts, strict=True)):
        y = head + index * height
        parts.append(text(left - 10, y + height / 2 + 4.5, shortened(label, left - 40), anchor="end"))
        shown = counts if has_unread else counts[:-1]
        parts += [
            _cell(
                _column(left, cell, column, len(labels)), y, cell, height, count, sum(counts), column == index
            )
            for column, count in enumerate(shown)
        ]
        parts.append(_right(counts, index, _column(left, cell, columns, len(labels)) + 10, y + height / 2))
    bottom = head + height * len(labels)
    parts.append(text(12, (head + bottom) / 2, "Reference", fill=MUTED, anchor="middle", turn=-90, size=12))
    return figure(
        parts, height=bottom + 10, title=f"Confusion matrix of {name}", description=_describe(confusion)
    )


def _column(left: float, cell: float, column: int, num_labels: int) -> float:
    return left + column * cell + (UNREAD_GAP if column >= num_labels else 0)


def _heads(
    confusion: Confusion, left: float, cell: float, head: float, *, is_turned: bool, has_unread: bool
) -> list[str]:
    labels = confusion.labels
    middle = left + cell * len(labels) / 2
    parts = [text(middle, 16, f"Answer of the {_noun(confusion)}", fill=MUTED, anchor="middle", size=12)]
    names = [*labels, "unreadable"] if has_unread else list(labels)
    for column, name in enumerate(names):
        x = _column(left, cell, column, len(labels)) + cell / 2
        colour = MUTED if column == len(labels) else INK
        if is_turned:
            parts.append(text(x + 4, head - 10, shortened(name, 92), fill=colour, turn=-45))
        else:
            parts.append(text(x, head - 10, shortened(name, cell + 8), fill=colour, anchor="middle"))
    x = _column(left, cell, len(names), len(labels)) + 10
    parts.append(text(x, head - 10, "right", fill=MUTED, size=12))
    return parts


def _noun(confusion: Confusion) -> str:
    return "tuned model" if confusion.model == "tuned" else "model"


def _cell(x: float, y: float, width: float, height: float, count: int, total: int, is_diagonal: bool) -> str:
    share = count / total if total else 0.0
    box = rectangle(
        x + 1,
        y + 1,
        width - 2,
        height - 2,
        fill=_shade(share, is_diagonal),
        stroke=RULE if not count else "none",
    )
    colour = WHITE if share > 0.55 else MUTED if not count else INK
    return box + text(x + width / 2, y + height / 2 + 4.5, f"{count:,}", fill=colour, anchor="middle")


def _shade(share: float, is_diagonal: bool) -> str:
    """Mix white with blue (right) or vermillion (wrong); the two differ in lightness order only by share."""
    full = (0, 0x67, 0xA5) if is_diagonal else tuple(bytes.fromhex(VERMILLION[1:]))
    depth = share**0.7  # lifts rare cells above the paper white
    return "#" + "".join(f"{round(255 + (channel - 255) * depth):02x}" for channel in full)


def _right(counts: tuple[int, ...], index: int, x: float, middle: float) -> str:
    total = sum(counts)
    share = f"{counts[index] / total * 100:.0f} %" if total else "–"
    return text(x, middle + 4.5, share) + text(x + 44, middle + 4.5, f"of {total:,}", fill=MUTED, size=12)


def _describe(confusion: Confusion) -> str:
    rows = (
        f"{label}: {counts[index]} of {sum(counts)} right"
        for index, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
    )
    return "; ".join(rows) + "."


def _too_many(name: str, num_labels: int) -> str:
    note = f"{num_labels} labels are too many for a legible matrix; items.csv lists every answer."
    return figure(
        [text(0, 20, note, fill=MUTED)], height=32, title=f"Confusion matrix of {name}", description=note
    )
