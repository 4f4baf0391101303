"""The one look of all tables: no boxes, headings dim, numbers to the right, texts that wrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[RenderableType]],
    *,
    right: str = "",
    widths: Mapping[int, int] | None = None,
    short: int | None = None,
) -> Table:
    """Return a table.

    Args:
        headings: One per column.
        rows: Cells; plain strings are shown as they are, without markup.
        right: Indices of the columns of numbers, for example ``"12"``.
        widths: Most characters of a column, by index.
        short: Index of the column of names that is cut short where there is no room; then no
            column wraps.
    """
    made = Table(
        box=SIMPLE_HEAD,
        header_style="dim",
        border_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    lines = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    for index, heading in enumerate(headings):
        is_number = str(index) in right
        is_whole = short not in (None, index)
        is_one_line = is_number or index == 0 or short is not None
        # Numbers and names never break; the last column, usually a sentence, wraps.
        made.add_column(
            heading,
            justify="right" if is_number else "left",
            no_wrap=is_one_line,
            overflow="ellipsis" if is_one_line else "fold",  # what is cut says so
            max_width=(widths or {}).get(index),
            min_width=max(map(_width, [heading, *(line[index] for line in lines)])) if is_whole else None,
        )
    for line in lines:
        made.add_row(*line)
    return made


def _width(cell: RenderableType) -> int:
    return cell.cell_len if isinstance(cell, Text) else len(str(cell))


def facts(pairs: Iterable[tuple[str | Text, str | Text]]) -> Table:
    """Return names and values in two columns, those without a value left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            grid.add_row(name, Text(value) if isinstance(value, str) else value)
    return grid


def bar(share: float, width: int = 16) -> str:
    """Return a share as a bar of block characters, to an eighth of a character.

    >>> bar(0.5, 4), bar(0.03, 4)
    ('██', '▏')
    """
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def heading(text: str) -> Text:
    """Return a heading with a blank line above it."""
    return Text.assemble("\n", (text, "bold"))


def percent(share: float) -> str:
    """Return a share in per cent.

    >>> percent(0.95), percent(0.9942)
    ('95 %', '99.4 %')
    """
    return f"{100 * share:.3g} %"
