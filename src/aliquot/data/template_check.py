"""What must hold of a base model's template and tokenizer together; checked once, not per row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aliquot.core.conversation import Message
from aliquot.core.dataset import Finding
from aliquot.errors import ModelError
from aliquot.tokenization.encoder import Encoder

_ONE_TURN = (Message("user", "a"), Message("assistant", "b"))
_MARKER = re.compile(r"<[|｜][^|｜<>\s]{1,40}[|｜]>|<(?:start|end)_of_turn>")


def check_template(encoder: Encoder) -> list[Finding]:
    """Return what a base model's template and tokenizer do not agree on.

    A template that refuses even the plainest conversation is left to the rows, which name the reason.
    """
    try:
        text = encoder.template.render(_ONE_TURN * 2, add_generation_prompt=False)
    except ModelError:
        return []
    return [*_check_markers(text, encoder), *_check_begin(encoder), *_check_truncation(encoder)]


def find_begin_token(encoder: Encoder) -> int | None:
    """Return the id that must stand exactly once in every row.

    None where the model has no beginning token, where its template prints none, and where the template
    begins every turn with it (as SmolLM2 does with <|im_start|>).
    """
    begin = encoder.model.bos_token_id
    if begin is None:
        return None
    try:
        return begin if _count_in_probes(encoder, begin) == (1, 1) else None
    except ModelError:  # the template refuses the plainest conversation; the rows will say why
        return None


def _check_markers(text: str, encoder: Encoder) -> Iterator[Finding]:
    never_stops = _never_stops(encoder)
    for marker in dict.fromkeys(_MARKER.findall(text)):
        num_tokens = len(encoder.tokenizer.encode(marker, add_special_tokens=False).ids)
        if num_tokens > 1:
            yield Finding(
                code="marker_split",
                severity="error" if never_stops else "warning",
                message=f"Template uses {marker}, which this tokenizer splits into {num_tokens} tokens.",
                remedy="Some models were trained so. If this one was not, its template or its tokenizer is "
                "another model's: fetch it again from where it was published.",
            )


def _never_stops(encoder: Encoder) -> bool:
    """Whether an answer ends with no token that ends it: the marker in pieces is to blame."""
    try:
        encoder.encode(_ONE_TURN)
    except ModelError as error:
        return error.code == "template_without_stop"
    return False


def _check_begin(encoder: Encoder) -> Iterator[Finding]:
    begin = encoder.model.bos_token_id
    if begin is None:
        return
    name = encoder.tokenizer.id_to_token(begin)
    once, twice = _count_in_probes(encoder, begin)
    if once == twice > 1:  # more of them in a longer conversation would be a marker of turns
        yield Finding(
            code="begin_token_doubled",
            severity="error",
            message=f"The template prints the beginning token {name} {once} times; expected it once.",
            remedy="Take one out of chat_template.jinja and prepare the model again, or choose another.",
        )
    elif once == 0 and _adds_itself(encoder, begin):
        yield Finding(
            code="begin_token_missing",
            severity="warning",
            message=f"The tokenizer begins every text with {name}, and the chat template does not print it: "
            "rows are trained, and served, without it.",
            remedy="If it was trained with it, print it in chat_template.jinja and prepare the model again.",
        )


def _check_truncation(encoder: Encoder) -> Iterator[Finding]:
    truncation = encoder.tokenizer.truncation
    if truncation:
        yield Finding(
            code="tokenizer_truncates",
            severity="error",
            message=f"The tokenizer cuts texts after {truncation['max_length']} tokens; nothing may be cut.",
            remedy="Load the model with `Encoder.load`, which turns that off.",
        )


def _count_in_probes(encoder: Encoder, token_id: int) -> tuple[int, int]:
    """Return how often a token stands in a conversation of one turn, and of two."""
    first, second = (
        encoder.tokenizer.encode(text, add_special_tokens=False).ids.count(token_id)
        for text in (
            encoder.template.render(_ONE_TURN * turns, add_generation_prompt=False) for turns in (1, 2)
        )
    )
    return first, second


def _adds_itself(encoder: Encoder, begin: int) -> bool:
    return encoder.tokenizer.encode("a").ids[:1] == [begin]
