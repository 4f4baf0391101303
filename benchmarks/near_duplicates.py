"""How fast are near-duplicates found, and how many? One table of speed, one of recall against all pairs.

    python benchmarks/near_duplicates.py             # three minutes, one thread, below 1 GB
    python benchmarks/near_duplicates.py --num-texts 10000

Texts have about 200 characters of made-up words (Zipf's law, seed 0). `planted`: half are copies with one
word changed. `one number`: one template, another number each. `five words`: the middle fifth of one template
differs, so that most pairs lie just below the threshold, the worst case. `five, stripped` is the
same without the words that half of the texts share, as the data check searches. datasketch stands
beside it when it is installed (it proposes candidates for the same threshold; each is verified alike).
Aim: 100,000 texts in under 60 s.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import random
import resource
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from itertools import combinations

from aliquot.data.near_duplicates import COMMON_SHARE, find_near_duplicates

THRESHOLD = 0.8
NUM_BRUTE_FORCE = 2000
KINDS = ("unrelated", "planted", "one number", "five words", "five, stripped")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-texts", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, rensa {version('rensa')}\n")
    print("| texts | kind | s | peak MB | clusters | largest | unfinished |\n|---|---|---|---|---|---|---|")
    for num_texts in options.num_texts:
        for kind in KINDS:
            print(in_own_process(describe_speed, kind, num_texts), flush=True)
    print(
        f"\nRecall and precision on {NUM_BRUTE_FORCE:,} texts: pairs found, of those that all pairs give.\n"
    )
    print("| method | kind | near pairs | found | wrong | seconds |\n|---|---|---|---|---|---|")
    for kind in ("unrelated", "planted", "five words"):
        for row in describe_recall(kind):
            print(row, flush=True)


def describe_speed(kind: str, num_texts: int) -> str:
    """Return one row of the first table."""
    texts = make_texts(kind, num_texts)
    start = time.perf_counter()
    share = COMMON_SHARE if kind.endswith("stripped") else 1.0
    found = find_near_duplicates(texts, threshold=THRESHOLD, max_word_share=share)
    wall_s = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    largest = len(found.clusters[0].members) if found.clusters else 0
    figures = f"{wall_s:.1f} | {peak:.0f} | {len(found.clusters):,} | {largest:,} | {found.num_unfinished:,}"
    return f"| {num_texts:,} | {kind} | {figures} |"


def describe_recall(kind: str) -> Iterator[str]:
    """Yield one row of the second table for each method, the comparison of all pairs first.

    A pair counts as found when it lies in one cluster: connected parts of all near pairs are the truth.
    """
    texts = make_texts(kind, NUM_BRUTE_FORCE)
    methods: dict[str, Callable[[list[str]], list[list[int]]]] = {
        "all pairs": by_all_pairs,
        "aliquot": by_aliquot,
    }
    if find_spec("datasketch") is not None:
        methods["datasketch"] = by_datasketch
    truth: set[tuple[int, int]] = set()
    for name, method in methods.items():
        start = time.perf_counter()
        pairs = {pair for part in method(texts) for pair in combinations(part, 2)}
        wall_s = time.perf_counter() - start
        truth = truth or pairs
        counts = f"{len(truth):,} | {len(pairs & truth):,} | {len(pairs - truth):,}"
        yield f"| {name} | {kind} | {counts} | {wall_s:.1f} |"


def by_aliquot(texts: list[str]) -> list[list[int]]:
    """Return the clusters of Aliquot."""
    return [list(cluster.members) for cluster in find_near_duplicates(texts, threshold=THRESHOLD).clusters]


def by_all_pairs(texts: list[str]) -> list[list[int]]:
    """Return the connected parts of all near pairs."""
    sets = [shingles(text) for text in texts]
    return connect(
        len(texts), (pair for pair in combinations(range(len(texts)), 2) if is_near(*(sets[i] for i in pair)))
    )


def by_datasketch(texts: list[str]) -> list[list[int]]:
    """Return the connected parts of the pairs that datasketch proposes, verified."""
    from datasketch import MinHash, MinHashLSH  # pyrefly: ignore[missing-import]

    sets = [shingles(text) for text in texts]
    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    pairs = []
    for number, grams in enumerate(sets):
        digest = MinHash(num_perm=128, seed=1)
        digest.update_batch([gram.encode() for gram in grams])
        pairs += [(other, number) for other in index.query(digest) if is_near(sets[other], grams)]
        index.insert(number, digest)
    return connect(len(texts), pairs)


def shingles(text: str) -> set[str]:
    """Return the character 5-grams."""
    return {text[start : start + 5] for start in range(len(text) - 4)}


def is_near(first: set[str], second: set[str]) -> bool:
    """Whether the Jaccard similarity reaches the threshold."""
    shared = len(first & second)
    return shared >= THRESHOLD * (len(first) + len(second) - shared)


def connect(num_texts: int, pairs) -> list[list[int]]:
    """Return the connected parts of two or more."""
    part = list(range(num_texts))
    members = {index: [index] for index in part}
    for one, other in pairs:
        if part[one] != part[other]:
            moved = members.pop(part[other])
            members[part[one]] += moved
            for index in moved:
                part[index] = part[one]
    return [sorted(group) for group in members.values() if len(group) > 1]


def make_texts(kind: str, num_texts: int) -> list[str]:
    """Return made-up texts of a kind."""
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(20_000)]
    weights = [1 / (rank + 5) for rank in range(len(words))]

    def sentence(num_words: int) -> str:
        return " ".join(rng.choices(words, weights, k=num_words))

    if kind == "unrelated":
        return [sentence(30) for _ in range(num_texts)]
    if kind == "planted":
        texts = [sentence(30) for _ in range(num_texts // 2)]
        return texts + [change_word(text, rng.choice(words), rng) for text in texts]
    start, end = sentence(12), sentence(12)
    if kind == "one number":
        return [f"{start} at {number} K {end}" for number in range(num_texts)]
    return [f"{start} {sentence(5)} {end}" for _ in range(num_texts)]


def change_word(text: str, word: str, rng: random.Random) -> str:
    """Return the text with one of its words replaced."""
    words = text.split()
    words[rng.randrange(len(words))] = word
    return " ".join(words)


def in_own_process(function: Callable[..., str], *arguments: object) -> str:
    """Return what a function returns in a fresh process, so that its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


if __name__ == "__main__":
    main()
