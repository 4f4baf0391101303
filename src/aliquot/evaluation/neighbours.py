"""The train rows nearest to an item by their prompts; never one with the item's own prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aliquot.core.dataset import StoredExample
from aliquot.core.folding import fold
from aliquot.evaluation.baselines import prompt_text, shared_messages
from aliquot.evaluation.ngrams import ngram_vectorizer

_DECIMALS = 9
"""Similarities that agree so far are equal: the last digits depend on how sums were ordered."""
_ITEMS_AT_ONCE = 256
"""Items compared with all of train at a time: bounds the memory."""


def find_nearest(
    train: Sequence[StoredExample], items: Sequence[StoredExample], num_nearest: int
) -> list[list[StoredExample]]:
    """Return for each item the train rows with the most similar prompts, the most similar first.

    Similar is a large cosine of TF-IDF vectors fitted to train. No row with the item's own prompt is among
    them (case, white space, Unicode form and final punctuation do not count), so an item is never shown its
    own answer, and of train rows with the same prompt only the first is. Equally similar: the first of train.
    """
    shared = shared_messages(train)
    texts = [prompt_text(row, shared) for row in train]
    places = list({fold(text): place for place, text in reversed(list(enumerate(texts)))}.values())[::-1]
    kept = [texts[place] for place in places]
    if not any(text.strip() for text in kept):
        return [[] for _ in items]
    vectorizer = ngram_vectorizer(len(kept))
    features = vectorizer.fit_transform(kept).T.tocsr()
    folded = np.array([fold(text) for text in kept], dtype=object)
    nearest = []
    for start in range(0, len(items), _ITEMS_AT_ONCE):
        asked = [prompt_text(item, shared) for item in items[start : start + _ITEMS_AT_ONCE]]
        table = (vectorizer.transform(asked) @ features).toarray()
        for text, similarity_T in zip(asked, table, strict=True):
            order = _nearest_first(similarity_T, folded != fold(text), num_nearest)
            nearest.append([train[places[place]] for place in order])
    return nearest


def _nearest_first(similarity_T: np.ndarray, is_other_T: np.ndarray, number: int) -> list[int]:
    """Return the places of the largest similarities among the allowed ones; of equals the first."""
    candidates = np.flatnonzero(is_other_T)
    order = np.argsort(-similarity_T[candidates].round(_DECIMALS), kind="stable")
    return candidates[order[:number]].tolist()
