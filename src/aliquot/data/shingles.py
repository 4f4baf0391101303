"""Character 5-grams ("shingles") of texts as numbers, computed for many texts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 5
"""Characters of a shingle: about a word, as is usual for near-duplicates of short documents."""

_BASE = 0x9E3779B97F4A7C15
"""An odd number without pattern. Two different 5-grams get the same number once in about 10^19 pairs."""

Hashes = NDArray[np.uint64]


def list_shingles(text: str) -> Hashes:
    """Return a text's different shingles, sorted; a text shorter than one has none."""
    return np.unique(hash_shingles([text])[0])


def hash_shingles(texts: Sequence[str]) -> tuple[Hashes, Hashes]:
    """Return the shingles of all texts in one flat array, repeats included.

    Returns:
        The numbers, and where each text's begin in them, with the end of the last (one more than texts).
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    counts = np.maximum(lengths - SIZE + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if not offsets[-1]:
        return np.empty(0, np.uint64), offsets.astype(np.uint64)
    # Windows that reach into the next text are left out.
    first = np.repeat(np.cumsum(lengths) - lengths - offsets[:-1], counts) + np.arange(offsets[-1])
    return _hash_windows(codes)[first], offsets.astype(np.uint64)


def _hash_windows(codes: NDArray[np.uint32]) -> Hashes:
    num_windows = len(codes) - SIZE + 1
    hashes = np.zeros(num_windows, np.uint64)
    base = np.uint64(_BASE)
    for shift in range(SIZE):  # a polynomial in the base, modulo 2^64
        hashes *= base
        hashes += codes[shift : shift + num_windows]
    return hashes
