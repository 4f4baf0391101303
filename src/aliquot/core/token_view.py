"""A row as the model sees it: each token with its text, and which of them are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aliquot.core.conversation import TEXT_ROLE
from aliquot.core.notebook import ShownInNotebook

_HEAD_SHARE = 0.4
"""Of the tokens kept of a long sequence; the rest is its end, where the answer stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token.

    Attributes:
        id: Its number in the vocabulary.
        text: What it decodes to; bytes that are no whole character are written ⟨0xE2⟩.
        is_trained: Whether it is predicted with loss.
        is_control: Whether it is one of the tokenizer's control tokens.
        role: Whose message the text is from; empty for what the template wrote, or where the template
            changes messages so that this is not known.
    """

    id: int
    text: str
    is_trained: bool
    is_control: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSequence:
    """Tokens that the model sees one after another.

    Attributes:
        num_tokens: Tokens of the whole sequence.
        num_trained_tokens: Those with loss.
        num_left_out: Tokens missing here, in the middle, to keep a stored record small; the model sees them.
        gap_at: How many of ``tokens`` stand before those left out.
    """

    tokens: tuple[Token, ...]
    num_tokens: int
    num_trained_tokens: int
    num_left_out: int = 0
    gap_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView(ShownInNotebook):
    """One row in tokens.

    Attributes:
        example_id: The row's name.
        line: Its line in the file.
        base: The base model whose tokenizer and template these are.
        sequences: Most rows have one; more where the template rewrites earlier turns, and of a plain text
            its windows.
        num_sequences: How many the row has; a stored record keeps the first few.
    """

    example_id: str
    line: int
    split: str
    base: str
    sequences: tuple[TokenSequence, ...]
    num_sequences: int

    @property
    def why_several(self) -> str:
        """Why the row has several sequences, as half a sentence; empty where it has one."""
        if self.num_sequences == 1:
            return ""
        if any(token.role == TEXT_ROLE for token in self.sequences[0].tokens):
            return "each window begins with the last token of the one before, which is its context"
        return "the template rewrites earlier turns"

    @property
    def num_tokens(self) -> int:
        """Tokens of the sequences shown, with those left out of their middle."""
        return sum(sequence.num_tokens for sequence in self.sequences)

    @property
    def num_trained_tokens(self) -> int:
        """Those with loss."""
        return sum(sequence.num_trained_tokens for sequence in self.sequences)


def shorten(view: TokenView, *, max_tokens: int, max_sequences: int) -> TokenView:
    """Return a view with at most so many tokens; what was left out is counted in it."""
    kept = view.sequences[:max_sequences]
    each = max_tokens // max(1, len(kept))
    return replace(view, sequences=tuple(_shorten_sequence(sequence, each) for sequence in kept))


def _shorten_sequence(sequence: TokenSequence, max_tokens: int) -> TokenSequence:
    tokens = sequence.tokens
    if len(tokens) <= max_tokens:
        return sequence
    head = round(max_tokens * _HEAD_SHARE)
    kept = (*tokens[:head], *tokens[len(tokens) - (max_tokens - head) :])
    return replace(sequence, tokens=kept, num_left_out=len(tokens) - len(kept), gap_at=head)
