"""Keys by which rows count as the same: the prompt to the letter, and the prompt as people read it.

What counts as the same reading is declared here once. Width, typographic form and spacing never count.
Case counts wherever it may carry meaning: ``CCO`` and ``cco``, ``CO`` and ``Co``, ``0.5 M`` and ``0.5 m``
are different things, and so are ``10⁵`` and ``105``. Only the capital of an ordinary word is dropped.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from aliquot.core.conversation import Message
from aliquot.core.dataset import Example

Key = tuple[str, ...]

_MARKS = ".,;:!?()[]{}\"'“”‘’«»…"
"""Marks around a word that say nothing about what it is."""
_INNER = str.maketrans("", "", "-'’")
_RAISED = dict(zip(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"), (f"^{char}" for char in "0123456789+-"), strict=True))
"""NFKC alone would write 10⁵ as 105."""


def exact_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts, to the letter."""
    key: list[str] = [example.tools] if example.tools else []
    for message in _compared(example):
        key += (message.role, message.text)
    return tuple(key)


def normalised_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts without differences of width, spacing and sentence case."""
    key: list[str] = [example.tools] if example.tools else []
    for message in _compared(example):
        read = _normalise_standing if message.role in ("system", "developer") else normalise
        key += (message.role, read(message.text))
    return tuple(key)


def _compared(example: Example) -> tuple[Message, ...]:
    """Return what two rows are compared by: the prompt, or the whole of a plain text, which has none."""
    return example.prompt or example.messages


def normalise(text: str) -> str:
    """Return text in NFKC with single spaces, and without the capitals of ordinary words.

    An ordinary word has two or more letters, is capital in the first alone, and holds nothing but letters,
    hyphens and apostrophes within the marks around it. All other case is kept: of formulae, SMILES,
    identifiers, acronyms and units. A text of one word (no space) keeps its case altogether, since it may
    be a formula that looks like a word (``Co``, ``Cn``).

    >>> normalise("Is  Ethanol (CCO) polar?")
    'is ethanol (CCO) polar?'
    >>> normalise("Co") == normalise("co")
    False
    """
    words = _plain(text).split()
    if len(words) < 2:
        return "".join(words)
    return " ".join([word if word.islower() else _lower_ordinary(word) for word in words])


def fold(text: str) -> str:
    """Return text in NFKC, in one case, with single spaces: to find labels that a person wrote unlike."""
    return " ".join(_plain(text).casefold().split())


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_RAISED))


def _lower_ordinary(word: str) -> str:
    letters = word.strip(_MARKS)
    is_ordinary = letters[1:].islower() and letters.translate(_INNER).isalpha()
    return word.lower() if is_ordinary else word


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
