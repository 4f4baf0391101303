import io

import pytest
from rich.console import Console

from aliquot.cli.views.tokens import table_of
from aliquot.core.token_view import Token, TokenSequence, TokenView
from aliquot.tokenization.token_view import view_conversation
from tests.fixtures.encoders import REWRITING, make_encoder
from tests.unit.data.rows import example


def printed(view, *, width=80, **console):
    out = Console(file=io.StringIO(), width=width, highlight=False, **console)
    for part in table_of((view,)):
        out.print(part)
    return out.file.getvalue()


def view_of(*sequences):
    return TokenView(
        example_id="a.0",
        line=4,
        split="train",
        base="tiny",
        sequences=sequences,
        num_sequences=len(sequences),
    )


def tokens(*words):
    """Words to tokens; those with a star are trained."""
    made = tuple(Token(id=0, text=word.strip("*"), is_trained=word.startswith("*")) for word in words)
    return TokenSequence(
        tokens=made, num_tokens=len(made), num_trained_tokens=sum(t.is_trained for t in made)
    )


def test_borders_stand_between_tokens_and_brackets_around_trained_ones_without_colour():
    text = printed(view_of(tokens("Is", " it", "?\n", "*low", "*ish", "\n")))
    assert "Is│·it│?↵\n⟦low│ish⟧│↵\n" in text
    assert "6 tokens, 2 trained (33 %)" in text
    assert "\x1b" not in text


def test_each_stretch_of_trained_tokens_has_its_own_brackets():
    assert "⟦a⟧│b│⟦c│d⟧" in printed(view_of(tokens("*a", "b", "*c", "*d")))


def test_trained_tokens_are_green_on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(view_of(tokens("a", "*b")), force_terminal=True, color_system="standard")
    assert "\x1b[30;42m⟦b⟧" in text and "\x1b[2ma" in text


@pytest.mark.parametrize("width", [40, 80])
def test_lines_break_between_tokens_and_fit_the_width(width):
    words = [f" word{number}" for number in range(60)]
    lines = printed(view_of(tokens(*words)), width=width).splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    shown = [line for line in lines if line.startswith("·word")]
    assert "│".join(shown).split("│") == [word.replace(" ", "·") for word in words]


def test_markup_in_a_row_is_text():
    assert "[red]x[/red]" in printed(view_of(tokens("[red]x[/red]")))


def test_all_branches_of_a_row_are_shown_with_the_reason():
    row = example("high?", "low")
    sequences = view_conversation((*row.messages, *row.messages), make_encoder(REWRITING))
    text = printed(view_of(*sequences))
    assert "sequence 1 of 2" in text and "sequence 2 of 2" in text
    assert "the template rewrites earlier turns" in text
    assert text.count("⟦") == 3, "one in each sequence, one in the legend"
