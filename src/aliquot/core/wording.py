"""Words that sentences, tables and figures share, whichever part of the program writes them."""

from __future__ import annotations

_NAMES = ("Brier", "Jaccard", "Matthews", "Spearman", "Tanimoto")
"""Metrics that begin with the name of a person keep their capital in a sentence."""


def in_sentence(title: str) -> str:
    """Return a heading as it stands inside a sentence: ``Accuracy`` → ``accuracy``, ``R²`` stays."""
    is_word = len(title) > 2 and title[1].islower() and not title.startswith(_NAMES)
    return title[0].lower() + title[1:] if is_word else title


def p_text(p_value: float) -> str:
    """Return a p-value as journals print it: ``p < 0.001``, ``p = 0.012``, ``p = 0.67``.

    Near the usual level it has a digit more: ``0.05`` would not say on which side of the level it is.
    """
    digits = 3 if 0.045 < p_value < 0.055 else 2
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.{digits}g}"
