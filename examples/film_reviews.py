"""Make the data of the demo: film-review snippets, positive or negative, as chat rows.

Run:    python examples/film_reviews.py --out film_reviews.jsonl
Source: vaderSentiment 3.3.2 (source distribution), movieReviewSnippets_GroundTruth.txt: one sentence
        or two from each of 10,605 film reviews, each rated by at least 20 people from -4 to +4 (Hutto
        and Gilbert, ICWSM 2014; reviews collected by Pang and Lee, 2005).
Rows:   1,600 train and 400 test. The same bytes every time; their SHA-256 is printed.

Every snippet comes from another review, so no review can stand in both splits.
"""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

from data_maker import Row, fetch_archive, run

REQUIREMENT = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
ARCHIVE_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SNIPPETS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"

SYSTEM = "Is this snippet of a film review positive or negative? Answer with one word."
MIN_RATING = 1.0
"""Snippets whose mean rating is nearer to zero are left out: the raters did not agree on a direction."""
NUM_TRAIN = 1600
NUM_TEST = 400
SEED = 0


@dataclass(frozen=True, slots=True)
class Snippet:
    """One rated text; ``rating`` is the mean of the human ratings, from -4 to +4."""

    number: int
    rating: float
    text: str

    @property
    def label(self) -> str:
        """The direction of the mean rating."""
        return "positive" if self.rating > 0 else "negative"


def fetch_snippets() -> list[Snippet]:
    """Return all snippets in the order of the source."""
    archive = fetch_archive(REQUIREMENT, ARCHIVE, ARCHIVE_SHA256)
    with tarfile.open(archive) as outer, tarfile.open(fileobj=_open_member(outer, INNER_ARCHIVE)) as inner:
        return read_snippets(_open_member(inner, SNIPPETS).read().decode())


def read_snippets(text: str) -> list[Snippet]:
    """Return the snippets of a tab-separated text: number, mean rating, snippet."""
    fields = (line.split("\t", 2) for line in text.splitlines())
    return [Snippet(int(number), float(rating), snippet.strip()) for number, rating, snippet in fields]


def choose(snippets: Iterable[Snippet], num: int) -> list[Snippet]:
    """Return ``num`` clearly rated snippets, shuffled by ``SEED``; no text twice."""
    clear = [snippet for snippet in snippets if abs(snippet.rating) >= MIN_RATING]
    distinct = {snippet.text: snippet for snippet in reversed(clear)}
    return sorted(distinct.values(), key=lambda snippet: _rank(snippet))[:num]


def as_row(snippet: Snippet, split: str) -> Row:
    """Return a row of the chat format; its number and rating travel as metadata."""
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": snippet.text},
        {"role": "assistant", "content": snippet.label},
    ]
    metadata = {"snippet": snippet.number, "rating": round(snippet.rating, 3)}
    return {"messages": messages, "split": split, "metadata": metadata}


def make_rows(snippets: Iterable[Snippet]) -> list[Row]:
    """Return the rows of the demo, train first."""
    chosen = choose(snippets, NUM_TRAIN + NUM_TEST)
    train, test = chosen[:NUM_TRAIN], chosen[NUM_TRAIN:]
    return [as_row(snippet, "train") for snippet in train] + [as_row(snippet, "test") for snippet in test]


def _open_member(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    member = archive.extractfile(name)
    if member is None:
        raise FileNotFoundError(name)
    return member  # type: ignore[return-value]


def _rank(snippet: Snippet) -> str:
    # A hash instead of a random generator: the same order under every version of Python.
    return hashlib.sha256(f"{SEED}:{snippet.number}".encode()).hexdigest()


if __name__ == "__main__":
    description = "Make the data of the demo: film-review snippets, positive or negative."
    sys.exit(run(lambda: make_rows(fetch_snippets()), description=description, filename="film_reviews.jsonl"))
