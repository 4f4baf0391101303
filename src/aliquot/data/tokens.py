"""Token lengths under the base model's own template, and what must hold of every encoded row.

The encoder is an argument: anything with ``encode_many`` and ``model`` will do.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aliquot.core.conversation import Message
from aliquot.core.dataset import Example, TokenProfile
from aliquot.core.model import PreparedModel
from aliquot.tokenization.prefix_tree import count_distinct

MICRO_BATCHES = (8, 32)
SAMPLED_ROWS = 20_000
"""Above this many rows the prefix tree is measured on a sample of so many and scaled up."""
_CHUNK_ROWS = 1_000


class EncodedRow(Protocol):
    """Token ids and which of them are trained, of equal length."""

    @property
    def token_ids(self) -> Sequence[int]: ...  # noqa: D102

    @property
    def is_trained(self) -> Sequence[bool]: ...  # noqa: D102


class Encoder(Protocol):
    """What this module needs of ``aliquot.tokenization.encoder.Encoder``."""

    @property
    def model(self) -> PreparedModel: ...  # noqa: D102

    def encode_many(self, conversations: list[tuple[Message, ...]]) -> Sequence[EncodedRow]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RowTokens:
    """One example in tokens; ids are kept compactly, four bytes each."""

    ids: array[int]
    num_trained: int
    num_reference: int
    is_end_trained: bool


def measure_rows(examples: Sequence[Example], encoder: Encoder) -> Iterator[RowTokens]:
    """Yield the tokens of each example, in order."""
    stops = frozenset(encoder.model.stop_token_ids)
    for start in range(0, len(examples), _CHUNK_ROWS):
        conversations = [example.messages for example in examples[start : start + _CHUNK_ROWS]]
        for encoded in encoder.encode_many(conversations):
            yield _measure_row(encoded, stops)


def _measure_row(encoded: EncodedRow, stops: frozenset[int]) -> RowTokens:
    trained = encoded.is_trained
    length = len(trained)
    last = next((index for index in range(length - 1, -1, -1) if trained[index]), -1)
    first = last
    while first > 0 and trained[first - 1]:
        first -= 1
    return RowTokens(
        ids=array("i", encoded.token_ids),
        num_trained=sum(trained),
        num_reference=last - first + 1 if last >= 0 else 0,
        is_end_trained=last >= 0
        and any(encoded.token_ids[index] in stops for index in range(first, last + 1)),
    )


def profile_tokens(lines: Sequence[int], rows: Sequence[RowTokens], *, seed: int) -> TokenProfile:
    """Return the token profile of one split.

    Args:
        lines: The line of each row.
        rows: Its tokens; at least one row.
        seed: Of the order in which rows are put into micro-batches.
    """
    lengths = [len(row.ids) for row in rows]
    longest = max(lengths)
    ordered = sorted(lengths)
    return TokenProfile(
        num_tokens=sum(lengths),
        num_trained_tokens=sum(row.num_trained for row in rows),
        median=ordered[(len(ordered) - 1) // 2],
        p95=ordered[math.ceil(0.95 * len(ordered)) - 1],
        longest=longest,
        longest_line=lines[lengths.index(longest)],
        longest_reference=max(row.num_reference for row in rows),
        shared_prefix=_shared_prefix([row.ids for row in rows]),
        prefix_tree_tokens={size: _tree_tokens(rows, size, seed) for size in MICRO_BATCHES},
    )


def _shared_prefix(rows: Sequence[array[int]]) -> int:
    """Return how many leading tokens all rows have in common."""
    first, last = min(rows), max(rows)  # in dictionary order these two differ earliest
    return next(
        (index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )


def _tree_tokens(rows: Sequence[RowTokens], micro_batch_size: int, seed: int) -> int:
    """Return the tokens per epoch when each prefix shared within a micro-batch counts once."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    sample = order[:SAMPLED_ROWS]
    distinct = 0
    for start in range(0, len(sample), micro_batch_size):
        distinct += count_distinct(
            [tuple(rows[index].ids) for index in sample[start : start + micro_batch_size]]
        )
    if len(sample) == len(order):
        return distinct
    total, sampled = (sum(len(rows[index].ids) for index in which) for which in (order, sample))
    return round(distinct * total / sampled)
