"""Which differences of spelling do not count: two declared foldings, one for texts and one for names.

Shape letters: none; both take and return text.
"""

from __future__ import annotations

import unicodedata

_TRAILING = " .,;:!?。"


def fold(text: str) -> str:
    """Return text without differences of case, Unicode form, white space and final punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split()).rstrip(_TRAILING)


def fold_name(text: str) -> str:
    """Return a name without differences of Unicode form, white space, final punctuation and first capitals.

    A capital counts unless it begins a word that has no other: ``Iron`` is ``iron``, but ``CO`` is not
    ``Co``, nor ``CoCl2`` ``COCl2``.

    >>> fold_name("Iron  Oxide."), fold_name("CoCl₂"), fold_name("Co"), fold_name("CO")
    ('iron oxide', 'CoCl2', 'co', 'CO')
    """
    words = unicodedata.normalize("NFKC", text).split()
    return " ".join(map(_fold_first, words)).rstrip(_TRAILING)


def _fold_first(word: str) -> str:
    return word.lower() if word[1:] == word[1:].lower() else word
