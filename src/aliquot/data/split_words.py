"""What a row, a file or a folder may call its split."""

from __future__ import annotations

from aliquot.core.dataset import Split

SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""In any case. "eval" is refused: it means validation to some and test to others."""
_SHORTEST = 3
"""Shortest word taken for a slip: of two letters it may be many things, ``de`` is German."""


def find_split(word: object) -> Split | None:
    """Return the split that a word means, None where it is no such word."""
    return SPLIT_WORDS.get(word.strip().lower()) if isinstance(word, str) else None


def find_misspelt(word: object) -> Split | None:
    """Return the split that a word means but for one slip of the pen; None where it is right, or unsure.

    A slip is two letters exchanged, one left out, or one of the word's own written once too often.
    """
    plain = word.strip().lower() if isinstance(word, str) else ""
    if not plain.isalpha() or len(plain) < _SHORTEST or plain in SPLIT_WORDS:
        return None
    meant = {SPLIT_WORDS[name] for name in SPLIT_WORDS if plain[0] == name[0] and _is_slip(plain, name)}
    return meant.pop() if len(meant) == 1 else None


def _is_slip(word: str, name: str) -> bool:
    if len(word) == len(name):
        return any(word == f"{name[:n]}{name[n : n + 2][::-1]}{name[n + 2 :]}" for n in range(len(name) - 1))
    longer, shorter = (word, name) if len(word) > len(name) else (name, word)
    is_of_its_letters = set(word) <= set(name)
    return is_of_its_letters and any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))
