"""Keys by which rows count as the same: the prompt to the letter, and the prompt as people read it."""

from __future__ import annotations

import unicodedata

from aliquot.core.dataset import Example

Key = tuple[str, ...]


def exact_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts, to the letter."""
    return tuple(text for message in example.prompt for text in (message.role, message.content))


def normalised_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts without differences of width, case and spacing."""
    return tuple(text for message in example.prompt for text in (message.role, normalise(message.content)))


def normalise(text: str) -> str:
    """Return text in NFKC, in one case, with single spaces and none around it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
