"""Texts that say nearly the same, found among many in near-linear time; called by the data check.

    found = find_near_duplicates(user_texts, max_word_share=COMMON_SHARE)
    for cluster in found.clusters: ...                     # indexes of the texts given

Candidates are only proposed by hashing (`candidates`); what is reported was compared exactly:

* texts of 20 characters or more: Jaccard similarity of their sets of character 5-grams;
* shorter ones, where 5-grams say little: share of characters kept by the edit distance (Levenshtein),
  and every digit alike, since a short text with another number is another item.

A text of 20 is compared in both ways; other short texts are never compared with long ones. Texts that are
equal once normalised (`keys.normalise`) count as one text here: they are duplicates, which is said elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
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

COMMON_SHARE = 0.5
"""Words in more than half of the texts belong to a template, or to the language."""
MIN_FOR_COMMON = 50

_DIGITS = re.compile(r"\d")
_CACHED_SHINGLES = 10_000_000
_SHINGLES_AT_ONCE = 1_000_000
_FEW = 3


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


def find_near_duplicates(
    texts: Sequence[str], *, threshold: float = 0.8, max_word_share: float = 1.0, seed: int = 0
) -> NearDuplicates:
    """Return clusters of texts that are nearly equal.

    Give the user's text without the system prompt: a long constant part makes everything a near-duplicate.
    So does a template around the entities of a row; a ``max_word_share`` of 0.5 (`COMMON_SHARE`) compares
    only what distinguishes the rows.

    Args:
        texts: One for each row.
        threshold: Smallest Jaccard similarity, above 0 and at most 1. Candidates are proposed for 0.8: at
            that similarity about 2 pairs in 1,000 are missed, at 0.9 none; far lower ones mostly are.
        max_word_share: Words in more than this share of the different texts are not compared, if there are
            at least 50 texts. Texts that differ in such words alone are near.
        seed: Of the hash functions.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        rows_of[normalise(text)].append(index)
    compared = _strip_common(list(rows_of), max_word_share)
    texts_of: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(compared):
        texts_of[text].append(index)
    joiner = _Joiner(len(compared))
    joiner.join_equal(texts_of.values())
    _join_near(joiner, compared, sorted(members[0] for members in texts_of.values()), threshold, seed)
    rows = list(rows_of.values())
    clusters = [_build_cluster([rows[index] for index in part]) for part in joiner.list_parts()]
    clusters.sort(key=lambda cluster: (-len(cluster.members), cluster.representative))
    return NearDuplicates(tuple(clusters), len(rows), len(joiner.unfinished))


def _join_near(
    joiner: _Joiner, texts: Sequence[str], indexes: Sequence[int], threshold: float, seed: int
) -> None:
    short = [index for index in indexes if MIN_SHORT <= len(texts[index]) <= MIN_LONG]
    joiner.join(iterate_deletions(texts, short), _ShortTexts(texts))
    long = [index for index in indexes if len(texts[index]) >= MIN_LONG]
    if len(long) > 1:
        digests = Digests.build(texts, long, seed)
        joiner.join(iterate_bands(digests), _LongTexts(texts, digests, threshold))


def _strip_common(texts: Sequence[str], max_share: float) -> list[str]:
    """Return the texts without their commonest words; one that holds nothing else stays as it is."""
    if max_share >= 1 or len(texts) < MIN_FOR_COMMON:
        return list(texts)
    uses = Counter(word for text in texts for word in set(text.split()))
    common = {word for word, count in uses.items() if count > max_share * len(texts)}
    return [" ".join([word for word in text.split() if word not in common]) or text for text in texts]


def _build_cluster(texts: Sequence[list[int]]) -> Cluster:
    members = sorted(row for rows in texts for row in rows)
    return Cluster(members[0], tuple(members), len(texts))


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
        if self._ratio(first, second, score_cutoff=MIN_EDIT_RATIO) < MIN_EDIT_RATIO:
            return False
        return _DIGITS.findall(first) == _DIGITS.findall(second)


class _LongTexts:
    """Compares one text with others by their 5-grams; digests refute most candidates at little cost."""

    def __init__(self, texts: Sequence[str], digests: Digests, threshold: float) -> None:
        self._digests, self._threshold = digests, threshold
        mean_length = sum(map(len, texts)) // len(texts) + 1
        self._at_once = _SHINGLES_AT_ONCE // mean_length + 1
        # Texts that were compared lately are compared again in the next band; all would fill the memory.
        size = _CACHED_SHINGLES // mean_length + 1
        self._shingles = lru_cache(maxsize=size)(lambda index: list_shingles(texts[index]))

    def find_near(self, pivot: int, others: Sequence[int]) -> list[int]:
        """Return those of the others that share enough 5-grams with a text."""
        near: list[int] = []
        for start in range(0, len(others), self._at_once):
            near += self._compare(pivot, others[start : start + self._at_once])
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

    def join_equal(self, groups: Iterable[list[int]]) -> None:
        """Join the members of each group without comparing them."""
        for first, *others in groups:
            for other in others:
                self._parent[other] = first

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
