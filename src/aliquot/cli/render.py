"""The only place that prints: results on stdout, news and errors on stderr, JSON when it is asked for.

Colour, width and cursor movement are left to rich, which respects NO_COLOR, pipes and narrow terminals.
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from rich.console import Console

from aliquot.errors import AliquotError

Tell = Callable[[Any], None]


@cache
def out() -> Console:
    """Return the console for results."""
    return Console(highlight=False, soft_wrap=False)


@cache
def err() -> Console:
    """Return the console for news and errors."""
    return Console(stderr=True, highlight=False)


def show(record: Any, *, as_json: bool = False, **options: Any) -> None:
    """Print the result of a verb: as one JSON document, or as tables, with the options of its view."""
    if as_json:
        _print_json(record)
        return
    from aliquot.cli.tables import as_tables

    for part in as_tables(record, **options):
        out().print(part)


def line(words: str) -> None:
    """Print one line of news."""
    err().print(words, markup=False)


def text(words: str) -> None:
    """Print text as it is, for a file or a pipe."""
    sys.stdout.write(words)


def stream(pieces: Iterable[str]) -> None:
    """Print an answer while it is generated."""
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


def ask(prompt: str) -> str:
    """Return a line that the user types; empty at the end of the input."""
    try:
        return input(prompt)
    except EOFError:
        return ""


def fail(error: AliquotError, *, as_json: bool = False, is_debug: bool = False) -> None:
    """Print one error: what, where, what to do next."""
    if is_debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    if as_json:
        _print_json({"error": error.as_dict()})
        return
    from rich.text import Text

    first = Text.assemble(("Error: ", "bold red"), error.message)
    if error.exit_code == 130:
        first = Text(error.message)
    err().print(first)
    for label, words in (("  where  ", error.location), ("  next   ", error.hint)):
        if words:
            err().print(_hanging(label, words))


@contextlib.contextmanager
def news(*, as_json: bool = False) -> Iterator[Tell]:
    """Yield what a workflow tells its progress to; silent with JSON."""
    if as_json:
        yield lambda _: None
        return
    from aliquot.cli.live import LiveNews

    with LiveNews(err()) as live:
        yield live.tell


def _hanging(label: str, words: str) -> Any:
    """Return a grid of a label and words that wrap beside it."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=0)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, "dim"), Text(words))
    return grid


def _print_json(record: Any) -> None:
    from aliquot.core.records import as_plain

    sys.stdout.write(json.dumps(as_plain(record), ensure_ascii=False, indent=2, default=str) + "\n")
