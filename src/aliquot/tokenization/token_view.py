"""A conversation token by token: the very sequences that are trained, with texts and roles."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aliquot.core.conversation import TEXT_ROLE, Message
from aliquot.core.token_view import Token, TokenSequence
from aliquot.errors import ModelError
from aliquot.tokenization.encoder import EncodedRow, Encoder
from aliquot.tokenization.pieces import Pieces
from aliquot.tokenization.texts import TextEncoder

Spans = list[tuple[int, int, str]]
Turns = list[tuple[tuple[int, ...], tuple[str, ...]]]
_FIRST_MARK = 0xF0000
_NUM_MARKS = 0xFFFD
"""Private characters set around each message to find it again in what the template prints."""


def view_conversation(
    messages: Sequence[Message], encoder: Encoder, *, tools: str = ""
) -> tuple[TokenSequence, ...]:
    """Return every sequence of a conversation that the model is trained on; ``tools`` is JSON text.

    Raises:
        InputError: No assistant turn is trained (``nothing_to_train``).
        ModelError: The template refuses the conversation.
    """
    row = encoder.encode(messages, tools=tools)
    pieces = Pieces(encoder.tokenizer)
    turns = _read_turns(messages, encoder, tools)
    return tuple(_view_branch(branch, pieces, turns) for branch in row.branches)


def view_text(text: str, encoder: Encoder, window: int) -> tuple[TokenSequence, ...]:
    """Return the windows of a plain text, as they are trained; tokens around the text have no role."""
    [windows] = TextEncoder(encoder, window).windows([text])
    pieces = Pieces(encoder.tokenizer)
    roles = [[TEXT_ROLE] * len(branch.token_ids) for branch in windows]
    roles[0][0] = roles[-1][-1] = ""
    return tuple(_view_tokens(branch, pieces, its) for branch, its in zip(windows, roles, strict=True))


def _view_branch(branch: EncodedRow, pieces: Pieces, turns: Turns) -> TokenSequence:
    length = len(branch.token_ids)
    # A branch is its last turn: the prompt with everything before, and the answer up to its end.
    roles = next(roles for ids, roles in turns if ids[:length] == branch.token_ids)
    return _view_tokens(branch, pieces, roles)


def _view_tokens(branch: EncodedRow, pieces: Pieces, roles: Sequence[str]) -> TokenSequence:
    tokens = tuple(
        Token(
            id=token_id,
            text=pieces.text(token_id),
            is_trained=is_trained,
            is_control=pieces.is_control(token_id),
            role=role,
        )
        for token_id, is_trained, role in zip(branch.token_ids, branch.is_trained, roles, strict=False)
    )
    return TokenSequence(
        tokens=tokens, num_tokens=len(branch.token_ids), num_trained_tokens=sum(branch.is_trained)
    )


def _read_turns(messages: Sequence[Message], encoder: Encoder, tools: str) -> Turns:
    """Return the ids of each trained turn with its prompt, and the role of each id."""
    texts = encoder.turn_texts(messages, tools)
    turns: Turns = []
    for (prompt, answer), spans in zip(texts, _find_spans(messages, texts, encoder, tools), strict=True):
        ids, roles = _read_roles(prompt, 0, spans, encoder)
        more_ids, more_roles = _read_roles(answer, len(prompt), spans, encoder)
        turns.append(((*ids, *more_ids), (*roles, *more_roles)))
    return turns


def _read_roles(text: str, start: int, spans: Spans, encoder: Encoder) -> tuple[list[int], list[str]]:
    """Return the ids of a text that begins at a place of the whole, and the role of each."""
    encoding = encoder.tokenizer.encode(text, add_special_tokens=False)
    return encoding.ids, [_role_at(start + first, start + last, spans) for first, last in encoding.offsets]


def _role_at(first: int, last: int, spans: Spans) -> str:
    return next((role for low, high, role in spans if first < high and low < max(last, first + 1)), "")


def _find_spans(
    messages: Sequence[Message], texts: Sequence[tuple[str, str]], encoder: Encoder, tools: str
) -> list[Spans]:
    """Return for each turn where the messages stand in its text; nothing where the template changes them.

    Every message is rendered once more between two private characters. The places are believed only when
    the text without those characters is the text that is trained.
    """
    nothing: list[Spans] = [[] for _ in texts]
    if 2 * len(messages) > _NUM_MARKS:
        return nothing
    try:
        marked = encoder.turn_texts([_mark(message, index) for index, message in enumerate(messages)], tools)
    except ModelError:
        return nothing
    roles = [message.role for message in messages]
    pairs = zip(marked, texts, strict=True)
    return [_read_spans("".join(given), "".join(wanted), roles) for given, wanted in pairs]


def _mark(message: Message, index: int) -> Message:
    """Return a message with a private character before and after its text, inside of white space."""
    core = message.content.strip()
    if not core:
        return message
    first, last = chr(_FIRST_MARK + 2 * index), chr(_FIRST_MARK + 2 * index + 1)
    return msgspec.structs.replace(message, content=message.content.replace(core, f"{first}{core}{last}", 1))


def _read_spans(marked: str, wanted: str, roles: Sequence[str]) -> Spans:
    text: list[str] = []
    begun: dict[int, int] = {}
    spans: Spans = []
    for character in marked:
        index, is_end = divmod(ord(character) - _FIRST_MARK, 2)
        if not 0 <= index < len(roles):
            text.append(character)
        elif not is_end:
            begun[index] = len(text)
        elif index in begun:
            spans.append((begun.pop(index), len(text), roles[index]))
    return spans if "".join(text) == wanted else []
