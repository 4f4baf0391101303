"""What must hold of a base model's template and tokenizer together; asked once, of a conversation made up here."""

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
    counts = [_probe(encoder, num_turns).count(begin) for num_turns in (1, 2)] if begin is not None else []
    return begin if counts == [1, 1] else None


def _check_markers(text: str, encoder: Encoder) -> Iterator[Finding]:
    for marker in dict.fromkeys(_MARKER.findall(text)):
        num_tokens = len(encoder.tokenizer.encode(marker, add_special_tokens=False).ids)
        if num_tokens > 1:
            yield Finding(
                code="marker_split",
                severity="warning",
                message=f"Template uses {marker}, which this tokenizer splits into {num_tokens} tokens.",
                remedy="Some models were trained so. If this one was not, its template or its tokenizer is from "
                "another model: fetch it again from where it was published.",
            )


def _check_begin(encoder: Encoder) -> Iterator[Finding]:
    begin = encoder.model.bos_token_id
    ids = _probe(encoder, 1)
    if begin is None or not ids:
        return
    name = encoder.tokenizer.id_to_token(begin)
    if ids[:2] == [begin, begin]:
        yield Finding(
            code="begin_token_doubled",
            severity="error",
            message=f"The template prints the beginning token {name} twice; expected it once.",
            remedy="Take one of them out of chat_template.jinja and prepare the model again, or choose another.",
        )
    elif begin not in ids and _adds_itself(encoder, begin):
        yield Finding(
            code="begin_token_missing",
            severity="warning",
            message=f"The tokenizer begins every text with {name}, and the chat template does not print it: "
            "rows are trained, and served, without it.",
            remedy="Print it at the head of chat_template.jinja and prepare the model again, if it was trained so.",
        )


def _check_truncation(encoder: Encoder) -> Iterator[Finding]:
    truncation = encoder.tokenizer.truncation
    if truncation:
        yield Finding(
            code="tokenizer_truncates",
            severity="error",
            message=f"The tokenizer cuts texts after {truncation['max_length']} tokens; expected that nothing is cut.",
            remedy="Load the model with `Encoder.load`, which turns that off.",
        )


def _probe(encoder: Encoder, num_turns: int) -> list[int]:
    """Return the ids of a plain conversation; none when the template refuses it."""
    try:
        text = encoder.template.render(_ONE_TURN * num_turns, add_generation_prompt=False)
    except ModelError:
        return []
    return encoder.tokenizer.encode(text, add_special_tokens=False).ids


def _adds_itself(encoder: Encoder, begin: int) -> bool:
    return encoder.tokenizer.encode("a").ids[:1] == [begin]
