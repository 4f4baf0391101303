"""Texts that say nearly the same, found among many in near-linear time; called by the data check.

    found = find_near_duplicates(strip_frame(user_texts))
    for cluster in found.clusters: ...                     # indexes of the texts given

Candidates are only proposed by hashing (`candidates`); what is reported was compared exactly:

* texts of 20 characters or more: Jaccard similarity of their sets of character 5-grams;
* shorter ones, where 5-grams say little: share of characters kept by the edit distance (Levenshtein),
  and every digit alike, since a short text with another number is another item.

A short text is never compared with a long one. Texts that are equal once normalised (`keys.normalise`)
count as one text here: they are duplicates, which is said elsewhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

import numpy as np

from aliquot.data.candidates import MIN_SHORT, Digests, iterate_bands, iterate_deletions
from aliquot.data.keys import normalise
from aliquot.data.shingles import list_shingles

MIN_LONG = 20
"""Characters from which texts are compared by 5-grams."""
MIN_EDIT_RATIO = 0.9
"""At most 10 % of a short text's characters are edited: one, since it has fewer than 20."""
MIN_PIVOTS = 40
MAX_PIVOT_PAIRS = 1_000_000
"""This many divided by the number of texts, at least MIN_PIVOTS, of a bucket are compared with all in it."""
MIN_COMPARED = 40
MAX_COMPARED = 500_000
"""Exact comparisons in all, or MIN_COMPARED for each text: what keeps templated data near-linear."""

_DIGITS = re.compile(r"\d")
_CACHED_TEXTS = 50_000
_FEW = 3
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts tied by near-equality: each is near to at least one other, not always to all.

    Attributes:
        representative: Index of the first member.
        members: Indexes of all members in order, copies of a member included.
        num_texts: Different texts among them, at least two.
    """

    representative: int
    members: tuple[int, ...]
    num_texts: int


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """What the search found.

    Attributes:
        clusters: The largest first.
        num_texts: Different texts that were searched.
        num_unfinished: Texts for which not every candidate was compared, because very many resemble one
            another; they may belong to further or larger clusters. 0: the search was not bounded.
    """

    clusters: tuple[Cluster, ...]
    num_texts: int
    num_unfinished: int


def find_near_duplicates(texts: Sequence[str], *, threshold: float = 0.8, seed: int = 0) -> NearDuplicates:
    """Return clusters of texts that are nearly equal.

    Give what distinguishes the rows: the user's text without the system prompt, and without the words
    that all rows share (`strip_frame`). A long constant part makes everything a near-duplicate.

    Args:
        texts: One for each row.
        threshold: Smallest Jaccard similarity, above 0 and at most 1. Candidates are proposed for 0.8: at
            that similarity about 2 pairs in 1,000 are missed, at 0.9 none; far lower ones mostly are.
        seed: Of the hash functions.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        rows_of[normalise(text)].append(index)
    distinct = list(rows_of)
    joiner = _Joiner(len(distinct))
    short = [index for index, text in enumerate(distinct) if MIN_SHORT <= len(text) < MIN_LONG]
    joiner.join(iterate_deletions(distinct, short), _ShortTexts(distinct))
    long = [index for index, text in enumerate(distinct) if len(text) >= MIN_LONG]
    if len(long) > 1:
        digests = Digests.build(distinct, long, seed)
        joiner.join(iterate_bands(digests), _LongTexts(distinct, digests, threshold))
    clusters = [_build_cluster(part, distinct, rows_of) for part in joiner.list_parts()]
    clusters.sort(key=lambda cluster: (-len(cluster.members), cluster.representative))
    return NearDuplicates(tuple(clusters), len(distinct), len(joiner.unfinished))


def strip_frame(texts: Sequence[str]) -> list[str]:
    """Return the texts without the words with which all of them begin or end.

    Only whole words are taken off, so that no formula is cut. Fewer than two different texts are
    returned as they are.
    """
    if len(set(texts)) < 2:
        return list(texts)
    start = _shared_words(texts)
    bare = [text[start:] for text in texts]
    end = _shared_words([text[::-1] for text in bare])
    return [text[: len(text) - end] for text in bare]


def _shared_words(texts: Sequence[str]) -> int:
    """Return how many leading characters all texts share, up to the last space among them."""
    first, last = min(texts), max(texts)  # in dictionary order these two differ earliest
    length = next(
        (index for index, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]),
        min(len(first), len(last)),
    )
    return next((index for index in range(length, 0, -1) if first[index - 1].isspace()), 0)


def _build_cluster(part: list[int], distinct: Sequence[str], rows_of: dict[str, list[int]]) -> Cluster:
    members = sorted(row for index in part for row in rows_of[distinct[index]])
    return Cluster(members[0], tuple(members), len(part))


class _ShortTexts:
    """Compares one short text with others by edit distance."""

    def __init__(self, texts: Sequence[str]) -> None:
        from rapidfuzz.distance import Levenshtein  # costs start-up time

        self._texts = texts
        self._ratio: Callable[..., float] = Levenshtein.normalized_similarity

    def may_reach(self, _pivot: int, others: list[int]) -> list[int]:
        """Return those worth an exact comparison: all, each costs next to nothing."""
        return others

    def find_near(self, pivot: int, others: Sequence[int]) -> list[int]:
        """Return those of the others that are nearly equal to a text."""
        return [other for other in others if self._is_near(self._texts[pivot], self._texts[other])]

    def _is_near(self, first: str, second: str) -> bool:
        return self._ratio(first, second, score_cutoff=MIN_EDIT_RATIO) >= MIN_EDIT_RATIO and _DIGITS.findall(
            first
        ) == _DIGITS.findall(second)


class _LongTexts:
    """Compares one text with others by their 5-grams; digests refute most candidates at little cost."""

    def __init__(self, texts: Sequence[str], digests: Digests, threshold: float) -> None:
        self._digests, self._threshold = digests, threshold
        # 5-grams of many long texts fill memory; those of recent candidates are enough.
        self._shingles = lru_cache(maxsize=_CACHED_TEXTS)(lambda index: list_shingles(texts[index]))

    def find_near(self, pivot: int, others: Sequence[int]) -> list[int]:
        """Return those of the others that share enough 5-grams with a text."""
        near: list[int] = []
        for start in range(0, len(others), _CHUNK):
            near += self._compare(pivot, others[start : start + _CHUNK])
        return near

    def may_reach(self, pivot: int, others: list[int]) -> list[int]:
        """Return those worth an exact comparison, as far as digests can tell."""
        if len(others) < _FEW:  # as cheap to compare
            return others
        return list(compress(others, self._digests.may_reach(pivot, others, self._threshold)))

    def _compare(self, pivot: int, others: Sequence[int]) -> Iterator[int]:
        own, rest = self._shingles(pivot), [self._shingles(other) for other in others]
        flat, sizes = np.concatenate(rest), np.array([len(shingles) for shingles in rest])
        position = np.searchsorted(own, flat)
        position[position == len(own)] = 0
        num_shared = np.add.reduceat(own[position] == flat, np.cumsum(sizes) - sizes, dtype=np.int64)
        num_all = len(own) + sizes - num_shared
        return compress(others, (num_shared >= self._threshold * num_all).tolist())


class _Joiner:
    """Joins near texts within buckets of candidates, under a limit of exact comparisons (union-find)."""

    def __init__(self, num_texts: int) -> None:
        self._parent = list(range(num_texts))
        self._max_pivots = max(MIN_PIVOTS, MAX_PIVOT_PAIRS // max(num_texts, 1))
        self._num_left = max(MIN_COMPARED * num_texts, MAX_COMPARED)
        self.unfinished: set[int] = set()

    def join(self, buckets: Iterable[list[int]], texts: _ShortTexts | _LongTexts) -> None:
        """Compare the candidates of each bucket and join those that are near."""
        for bucket in buckets:
            if self._is_one_part(bucket):
                continue
            pivots = bucket[:-1][: self._max_pivots]
            is_whole = len(pivots) == len(bucket) - 1
            for position, pivot in enumerate(pivots):
                if not self._join_one(pivot, bucket[position + 1 :], texts):
                    is_whole = False
                    break
            if not is_whole and not self._is_one_part(bucket):
                self.unfinished.update(bucket)

    def list_parts(self) -> list[list[int]]:
        """Return the sets of two or more."""
        parts: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parent)):
            parts[self._find(index)].append(index)
        return [part for part in parts.values() if len(part) > 1]

    def _join_one(self, pivot: int, others: list[int], texts: _ShortTexts | _LongTexts) -> bool:
        """Join a text with those near to it that are not yet tied to it; False when the limit is reached."""
        root = self._find(pivot)
        apart = texts.may_reach(pivot, [other for other in others if self._find(other) != root])
        compared = apart[: self._num_left]
        self._num_left -= len(compared)
        for other in texts.find_near(pivot, compared):
            self._parent[self._find(other)] = self._find(pivot)
        return len(compared) == len(apart)

    def _is_one_part(self, bucket: list[int]) -> bool:
        root = self._find(bucket[0])
        return all(self._find(other) == root for other in bucket)

    def _find(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]  # halve the path: near-constant time
            index = self._parent[index]
        return index
