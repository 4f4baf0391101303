"""A preferred and a rejected answer to one prompt, as one row of two branches: rejected, then chosen.

Being one row they always stand in one micro-batch, where the prefix tree computes their prompt once. Chosen
stands last, as the reference of every row does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from aliquot.core.conversation import Message
from aliquot.tokenization.encoder import EncodedRow, Encoder


class _Answered(Protocol):
    """An example, stored or just read."""

    @property
    def messages(self) -> tuple[Message, ...]: ...
    @property
    def tools(self) -> str: ...
    @property
    def rejected(self) -> Message | None: ...


def encode_examples(
    encoder: Encoder, examples: Sequence[_Answered], *, as_pairs: bool = False
) -> list[EncodedRow]:
    """Encode examples in one call of the tokenizer.

    Args:
        encoder: Of the base model.
        examples: Examples, with or without a rejected answer.
        as_pairs: Whether a rejected answer becomes a branch; only the two last answers are then trained.

    Raises:
        InputError: A conversation has no trained assistant turn (``nothing_to_train``).
        ModelError: The template refuses a conversation.
    """
    parts = [_conversations(example.messages, example.rejected if as_pairs else None) for example in examples]
    tools = [example.tools for example, part in zip(examples, parts, strict=True) for _ in part]
    rows = iter(encoder.encode_many([messages for part in parts for messages in part], tools))
    return [_join(*(next(rows) for _ in part)) for part in parts]


def answers_of(pair: EncodedRow) -> tuple[EncodedRow, EncodedRow]:
    """Return the rejected and the chosen sequence of a pair, as rows of their own."""
    [chosen] = pair.other_branches
    return EncodedRow(pair.token_ids, pair.is_trained), chosen


def _conversations(messages: tuple[Message, ...], rejected: Message | None) -> list[tuple[Message, ...]]:
    if rejected is None:
        return [messages]
    # Turns before are part of the prompt: their likelihood is the same on both sides and would cancel.
    prompt = [replace(one, weight=0) if one.role == "assistant" else one for one in messages[:-1]]
    return [(*prompt, replace(answer, weight=None)) for answer in (rejected, messages[-1])]


def _join(row: EncodedRow, *chosen: EncodedRow) -> EncodedRow:
    return EncodedRow(row.token_ids, row.is_trained, chosen) if chosen else row
