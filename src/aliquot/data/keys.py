"""Keys by which rows count as the same: the prompt to the letter, and the prompt as people read it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from aliquot.core.dataset import Example

Key = tuple[str, ...]


def exact_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts, to the letter."""
    key: list[str] = [example.tools] if example.tools else []
    for message in example.messages[:-1]:
        key += (message.role, message.text)
    return tuple(key)


def normalised_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts without differences of width, case and spacing."""
    key: list[str] = [example.tools] if example.tools else []
    for message in example.messages[:-1]:
        read = _normalise_standing if message.role in ("system", "developer") else normalise
        key += (message.role, read(message.text))
    return tuple(key)


def normalise(text: str) -> str:
    """Return text in NFKC, in one case, with single spaces and none around it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_normalise_standing = lru_cache(maxsize=64)(normalise)  # the same system prompt stands in most rows


def stands_in(answer: str, text: str) -> bool:
    """Return whether an answer occurs in a text as whole words."""
    start = text.find(answer) if answer else -1
    while start >= 0:
        end = start + len(answer)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(answer, start + 1)
    return False
