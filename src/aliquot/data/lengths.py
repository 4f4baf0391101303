"""How long the rows of a split are in tokens, and how much of them is computed only once."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence

from aliquot.core.dataset import Lengths, TokenProfile
from aliquot.data.tokens import TOKEN_BYTES, RowTokens

MICRO_BATCHES = (1, 8, 32, 128)
SAMPLED_ROWS = 20_000
"""Above this many rows the prefix tree of a batch is measured on a sample of so many and scaled up."""


def profile_tokens(lines: Sequence[int], rows: Sequence[RowTokens], *, seed: int) -> TokenProfile:
    """Return the token profile of one split.

    Args:
        lines: The line of each row.
        rows: Its tokens; at least one row.
        seed: Of the order in which rows are put into micro-batches.
    """
    lengths = [row.length for row in rows]
    of_rows = describe_lengths(lengths)
    num_tokens = sum(row.num_tokens for row in rows)
    branches = sorted(ids for row in rows for ids in row.branches)
    return TokenProfile(
        num_tokens=num_tokens,
        num_trained_tokens=sum(row.num_trained for row in rows),
        longest_line=lines[lengths.index(of_rows.longest)],
        shared_prefix=_shared_tokens(branches[0], branches[-1]),  # in order, these two differ earliest
        prefix_tree_tokens={size: _tree_tokens(rows, size, seed) for size in MICRO_BATCHES},
        distinct_tokens=_count_distinct(branches),
        rows=of_rows,
        prompts=describe_lengths(row.num_prompt for row in rows),
        answers=describe_lengths(row.num_reference for row in rows),
        num_pairs=sum(row.is_pair for row in rows),
        num_windows=sum(row.is_text for row in rows),
        system_share=sum(row.num_system for row in rows) / num_tokens,
    )


def describe_lengths(lengths: Iterable[int]) -> Lengths:
    """Return the percentiles of some lengths, at least one, by nearest rank."""
    ordered = sorted(lengths)

    def rank(share: int) -> int:
        return ordered[math.ceil(share * len(ordered) / 100) - 1]

    return Lengths(
        p5=rank(5),
        p25=rank(25),
        p50=rank(50),
        p75=rank(75),
        p95=rank(95),
        p99=rank(99),
        longest=ordered[-1],
    )


def _tree_tokens(rows: Sequence[RowTokens], micro_batch_size: int, seed: int) -> int:
    """Return the tokens per epoch when each prefix shared within a micro-batch counts once."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    sample = order[:SAMPLED_ROWS]
    distinct = 0
    for start in range(0, len(sample), micro_batch_size):
        batch = [rows[index] for index in sample[start : start + micro_batch_size]]
        distinct += _count_distinct(sorted(ids for row in batch for ids in row.branches))
    if len(sample) == len(order):
        return distinct
    total, sampled = (sum(rows[index].num_tokens for index in which) for which in (order, sample))
    return round(distinct * total / sampled)


def _count_distinct(branches: Sequence[bytes]) -> int:
    """Return the tokens of the prefix tree of sequences that are sorted."""
    total, last = 0, b""
    for ids in branches:
        total += len(ids) // TOKEN_BYTES - _shared_tokens(ids, last)
        last = ids
    return total


def _shared_tokens(first: bytes, second: bytes) -> int:
    """Return how many leading tokens two sequences share: those before the highest bit that differs."""
    length = min(len(first), len(second))
    differing = int.from_bytes(first[:length]) ^ int.from_bytes(second[:length])
    return (8 * length - differing.bit_length()) // (8 * TOKEN_BYTES)
