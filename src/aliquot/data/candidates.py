"""Proposes which texts to compare: buckets of texts that share a hash. Nothing is decided here.

Long texts share a band of their MinHash digests (Broder, Proc. SEQUENCES 1997; banding as in Leskovec,
Rajaraman and Ullman, Mining of Massive Datasets, section 3.4). With 21 bands of 6, a pair of Jaccard
similarity 0.8 shares one with probability 0.998, a pair of 0.5 with 0.28. Short texts share what is left
when one character is deleted, as all do that are one edit apart.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aliquot.data.shingles import Hashes, hash_shingles

NUM_BANDS = 21
BAND_SIZE = 6
NUM_HASHES = NUM_BANDS * BAND_SIZE
MIN_SHORT = 10
"""In a text shorter than this, one edit is more than a tenth of it."""
_STANDARD_ERRORS = 4
_TEXTS_AT_ONCE = 2000
_CHARACTERS_AT_ONCE = 1_000_000
_MIX = np.uint64(0x9E3779B97F4A7C15)

Indexes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Digests:
    """MinHash digests of some texts.

    Attributes:
        indexes: Which texts, sorted.
        values: One row of NUM_HASHES each.
    """

    indexes: Indexes
    values: NDArray[np.uint32]

    @classmethod
    def build(cls, texts: Sequence[str], indexes: Sequence[int], seed: int) -> Digests:
        """Compute the digests of the texts with these indexes."""
        import rensa  # costs start-up time

        values = np.empty((len(indexes), NUM_HASHES), np.uint32)
        sketch: Any = rensa.RMinHash.digest_matrix_from_flat_token_hashes  # type: ignore[missing-attribute]
        start = 0
        for chunk in _iterate_chunks([texts[index] for index in indexes]):
            values[start : start + len(chunk)] = sketch(*hash_shingles(chunk), NUM_HASHES, seed).to_rows()
            start += len(chunk)
        return cls(np.array(indexes, np.intp), values)

    def may_reach(self, index: int, others: Sequence[int], threshold: float) -> list[bool]:
        """Tell for each other text whether the similarity may reach a threshold, by four standard errors."""
        own, rest = (self.values[np.searchsorted(self.indexes, which)] for which in (index, others))
        margin = _STANDARD_ERRORS * (threshold * (1 - threshold) / NUM_HASHES) ** 0.5
        return ((rest == own).mean(axis=1) >= threshold - margin).tolist()


def _iterate_chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in parts that are small in memory: digests pass through lists of Python numbers."""
    chunk: list[str] = []
    num_characters = 0
    for text in texts:
        if chunk and (len(chunk) == _TEXTS_AT_ONCE or num_characters + len(text) > _CHARACTERS_AT_ONCE):
            yield chunk
            chunk, num_characters = [], 0
        chunk.append(text)
        num_characters += len(text)
    if chunk:
        yield chunk


def iterate_bands(digests: Digests) -> Iterator[list[int]]:
    """Yield the texts that share a band, band after band."""
    for band in range(NUM_BANDS):
        keys = np.zeros(len(digests.indexes), np.uint64)
        for column in range(band * BAND_SIZE, (band + 1) * BAND_SIZE):
            keys = (keys ^ digests.values[:, column]) * _MIX
            keys ^= keys >> np.uint64(29)
        yield from _iterate_equal(keys, digests.indexes)


def iterate_deletions(texts: Sequence[str], indexes: Sequence[int]) -> Iterator[list[int]]:
    """Yield the texts that have a form in common: themselves, or themselves without one character."""
    keys: list[int] = []
    owners: list[int] = []
    for index in indexes:
        text = texts[index].encode("utf-32-le", "surrogatepass")
        forms = {text} | {text[:at] + text[at + 4 :] for at in range(0, len(text), 4)}
        keys += map(zlib.crc32, forms)
        owners += [index] * len(forms)
    yield from _iterate_equal(np.array(keys, np.uint64), np.array(owners, np.intp))


def _iterate_equal(keys: Hashes, owners: Indexes) -> Iterator[list[int]]:
    """Yield the owners of each key that has several, in the order of the owners."""
    order = np.argsort(keys, kind="stable")
    borders = np.flatnonzero(np.diff(keys[order])) + 1
    starts, ends = np.concatenate([[0], borders]), np.concatenate([borders, [len(order)]])
    has_several = ends - starts > 1
    ordered = owners[order].tolist()  # slices of a list are many times faster than of an array
    for start, end in zip(starts[has_several].tolist(), ends[has_several].tolist(), strict=True):
        yield ordered[start:end]
