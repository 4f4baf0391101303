"""Rows as the model sees them: a section of the report, and a page of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from markupsafe import Markup

from aliquot.core.token_view import Token, TokenSequence, TokenView
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.wording import count, count_tokens
from aliquot.tokenization.pieces import make_visible
from aliquot.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One token as it is printed; ``look`` is its class, ``more`` is shown on hovering."""

    text: str
    look: str
    more: str
    ends_line: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceCells:
    """A sequence: its cells before and after what was left out."""

    title: str
    head: tuple[Cell, ...]
    gap: str
    tail: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTokens:
    """One row."""

    title: str
    counts: str
    base: str
    sequences: tuple[SequenceCells, ...]
    note: str
    why_several: str = ""


def render_token_page(views: Sequence[TokenView], *, file: str) -> str:
    """Return a self-contained page of rows in tokens.

    Args:
        views: The rows.
        file: The file that they are from; only its name is told.
    """
    style = read_asset("report.css")
    return (
        get_environment()
        .get_template("token_page.html.j2")
        .render(
            style=Markup(style),
            policy=describe_policy(style),
            version=__version__,
            file=PurePath(file).name,
            base=views[0].base,
            rows=[describe_tokens(view) for view in views],
        )
    )


def describe_tokens(view: TokenView) -> RowTokens:
    """Return what is printed of one row."""
    missing = view.num_sequences - len(view.sequences)
    return RowTokens(
        title=f"Line {view.line:,}, {view.split}, {view.example_id}",
        counts=count_tokens(view.num_tokens, view.num_trained_tokens),
        base=view.base,
        sequences=tuple(
            _describe_sequence(sequence, f"Sequence {number} of {view.num_sequences}")
            for number, sequence in enumerate(view.sequences, start=1)
        ),
        note=f"{count(missing, 'further sequence')} of this row not shown." if missing else "",
        why_several=view.why_several,
    )


def _describe_sequence(sequence: TokenSequence, title: str) -> SequenceCells:
    cells = tuple(map(_cell, sequence.tokens))
    border = sequence.gap_at if sequence.num_left_out else len(cells)
    return SequenceCells(
        title=f"{title}: {count_tokens(sequence.num_tokens, sequence.num_trained_tokens)}",
        head=cells[:border],
        gap=f"… {count(sequence.num_left_out, 'token')} not shown here …",
        tail=cells[border:],
    )


def _cell(token: Token) -> Cell:
    return Cell(
        text=make_visible(token.text),
        look=" ".join(_looks(token)),
        more=f"{token.id}{f', {token.role}' if token.role else ''}",
        ends_line=token.text.endswith("\n"),
    )


def _looks(token: Token) -> Iterator[str]:
    if token.is_control:
        yield "control"
    if token.is_trained:
        yield "trained"
