"""A model of bytes that only counts: what predicting text costs without a language model.

The probability of a byte after the k bytes before it mixes how often it followed them in train with its
probability after the k - 1 bytes before it, in the proportion of Witten and Bell (method C, interpolated):

    p_k(b | c) = (n(c b) + t(c) p_(k-1)(b | c')) / (n(c) + t(c)),    p_(-1) = 1/256

n counts occurrences, t(c) the different bytes seen after c, and c' is c without its first byte; after an
unseen c it is p_(k-1). Sources: Witten and Bell 1991, doi:10.1109/18.87000; Chen and Goodman 1999,
doi:10.1006/csla.1999.0128. Shape letters: B bytes, K different keys, D documents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aliquot.evaluation.answers import Floats

ORDER = 5
"""Bytes of context: PPM, which mixes alike, gains little beyond five (Bell, Cleary and Witten 1990)."""

Keys = npt.NDArray[np.uint64]


class _Counts(NamedTuple):
    """Of one length of context, sorted by key: contexts with their byte, and contexts alone."""

    pairs_K: Keys
    num_pairs_K: Floats
    contexts_K: Keys
    num_contexts_K: Floats
    num_different_K: Floats


@dataclass(frozen=True, slots=True)
class ByteModel:
    """What was counted, by length of context from 0 on."""

    counts: tuple[_Counts, ...]

    @classmethod
    def learn(cls, texts: Sequence[str], order: int = ORDER) -> ByteModel:
        """Return the model of some texts, of which one has a byte."""
        keys_B = _keys(texts, order)[0]
        return cls(tuple(_count(_shorten(keys_B, length)) for length in range(order + 1)))

    def nats(self, texts: Sequence[str]) -> list[float]:
        """Return -ln p of each text, its length taken as known."""
        keys_B, document_B = _keys(texts, len(self.counts) - 1)
        costs_B = -np.log(self._probabilities(keys_B))
        return np.bincount(document_B, weights=costs_B, minlength=len(texts)).tolist()

    def next_probabilities(self, text: str) -> Floats:
        """Return the probability of each of the 256 bytes after a text."""
        texts = [text.encode() + bytes([byte]) for byte in range(256)]
        keys = [_keys_of(one, len(self.counts) - 1)[-1:] for one in texts]
        return self._probabilities(np.concatenate(keys))

    def _probabilities(self, keys_B: Keys) -> Floats:
        found_B = np.full(len(keys_B), 1 / 256)
        for length, counts in enumerate(self.counts):
            pairs_B = _shorten(keys_B, length)
            contexts_B = pairs_B >> np.uint64(8)
            num_pair_B = _look_up(pairs_B, counts.pairs_K, counts.num_pairs_K)
            num_B = _look_up(contexts_B, counts.contexts_K, counts.num_contexts_K)
            different_B = _look_up(contexts_B, counts.contexts_K, counts.num_different_K)
            seen_B = np.maximum(num_B + different_B, 1)
            found_B = np.where(num_B > 0, (num_pair_B + different_B * found_B) / seen_B, found_B)
        return found_B


def bits_per_byte(nats: float, text: str) -> float:
    """Return what a text costs per byte of UTF-8, in bits; the text is not empty."""
    return nats / math.log(2) / len(text.encode())


def _keys(texts: Sequence[str], order: int) -> tuple[Keys, npt.NDArray[np.intp]]:
    """Return for every byte of the texts its key, and the place of its text."""
    keys = [_keys_of(text.encode(), order) for text in texts]
    lengths = [len(one) for one in keys]
    joined = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
    return joined, np.repeat(np.arange(len(texts)), lengths)


def _keys_of(data: bytes, order: int) -> Keys:
    """Return each byte with the ones before it, the byte itself lowest; before a text stand zeros."""
    bytes_B = np.frombuffer(bytes(order) + data, np.uint8).astype(np.uint64)
    keys_B = np.zeros(len(data), np.uint64)
    for back in range(order + 1):
        keys_B |= bytes_B[order - back : len(bytes_B) - back] << np.uint64(8 * back)
    return keys_B


def _shorten(keys_B: Keys, length: int) -> Keys:
    return keys_B & np.uint64((1 << 8 * (length + 1)) - 1)


def _count(pairs_B: Keys) -> _Counts:
    pairs_K, num_pairs = np.unique(pairs_B, return_counts=True)
    contexts_K, first_K = np.unique(pairs_K >> np.uint64(8), return_index=True)
    num_contexts = np.add.reduceat(num_pairs, first_K)
    num_different = np.diff([*first_K, len(pairs_K)])
    return _Counts(
        pairs_K, num_pairs.astype(float), contexts_K, num_contexts.astype(float), num_different.astype(float)
    )


def _look_up(keys_B: Keys, known_K: Keys, values_K: Floats) -> Floats:
    """Return the value of each key, 0 where it is not known."""
    place_B = np.searchsorted(known_K, keys_B).clip(max=len(known_K) - 1)
    return np.where(known_K[place_B] == keys_B, values_K[place_B], 0.0)
