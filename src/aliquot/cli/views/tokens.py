"""A row as the model sees it, on a terminal; trained tokens are marked with and without colour."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.core.token_view import Token, TokenSequence, TokenView
from aliquot.export.wording import count_tokens
from aliquot.tokenization.pieces import make_visible

BORDER = "│"
OPEN, CLOSE = "⟦", "⟧"
PROMPT, TRAINED, CONTROL, TRAINED_CONTROL = "dim", "black on green", "magenta", "bold black on green"


def table_of(views: tuple[TokenView, ...]) -> list[RenderableType]:
    """Return every row, and below them what the marks mean."""
    parts = [part for view in views for part in _row(view)]
    return [*parts, _legend()]


def _row(view: TokenView) -> list[RenderableType]:
    named = f"line {view.line:,}, {view.split}, id {view.example_id}"
    parts: list[RenderableType] = [
        facts(
            [
                ("row", named),
                ("base", view.base),
                ("length", count_tokens(view.num_tokens, view.num_trained_tokens)),
            ]
        ),
        Text(),
    ]
    for number, sequence in enumerate(view.sequences, start=1):
        if view.num_sequences > 1:
            parts.append(_sequence_title(number, view, sequence))
        parts += [TokenLines(sequence), Text()]
    return parts


def _sequence_title(number: int, view: TokenView, sequence: TokenSequence) -> Text:
    lengths = count_tokens(sequence.num_tokens, sequence.num_trained_tokens)
    because = f"; {view.why_several}" if number == 1 else ""
    title = f"sequence {number} of {view.num_sequences}"
    return Text.assemble((title, "bold"), (f"  {lengths}{because}", "dim"))


def _legend() -> Text:
    return Text.assemble(
        (f"{OPEN}trained{CLOSE}", TRAINED),
        ("  rest is only read   ", "dim"),
        ("<control>", CONTROL),
        (f"   {BORDER} border   · space   ↵ line end", "dim"),
    )


class TokenLines:
    """A sequence, broken between tokens to the width there is, and after each line end of the text."""

    def __init__(self, sequence: TokenSequence) -> None:
        self._sequence = sequence

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield one text per line."""
        width = max(20, options.max_width)
        line = Text(no_wrap=True, overflow="fold")
        is_fresh = True
        for cell, ends_line in _cells(self._sequence):
            if not is_fresh and line.cell_len + cell.cell_len + 1 > width:
                yield line
                line, is_fresh = Text(no_wrap=True, overflow="fold"), True
            if not is_fresh:
                line.append(BORDER, "dim")
            line.append_text(cell)
            is_fresh = False
            if ends_line:
                yield line
                line, is_fresh = Text(no_wrap=True, overflow="fold"), True
        if not is_fresh:
            yield line


def _cells(sequence: TokenSequence) -> Iterator[tuple[Text, bool]]:
    """Yield the text of each token, with brackets where trained tokens begin and end."""
    tokens = sequence.tokens
    for index, token in enumerate(tokens):
        before = index > 0 and tokens[index - 1].is_trained
        after = index + 1 < len(tokens) and tokens[index + 1].is_trained
        text = make_visible(token.text)
        if token.is_trained:
            text = f"{'' if before else OPEN}{text}{'' if after else CLOSE}"
        yield Text(text, _style(token)), token.text.endswith("\n")


def _style(token: Token) -> str:
    if token.is_control:
        return TRAINED_CONTROL if token.is_trained else CONTROL
    return TRAINED if token.is_trained else PROMPT
