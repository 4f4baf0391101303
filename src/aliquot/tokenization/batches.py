"""Which rows make up each step: a pure function of (seed, epoch, position).

Nothing about the order is stored in a checkpoint but the step: a resumed run sees exactly the rows an
uninterrupted one would have seen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache

from aliquot.tokenization.encoder import EncodedRow

MAX_PACK_TOKENS = {"cpu": 1536, "mps": 1536, "cuda": 16_384}
"""Most tokens of one prefix tree by device; bounds the memory of one pass. Measured on an
H100: models of a billion parameters have reached their speed with so many. Elsewhere not tuned."""


@lru_cache(maxsize=4)
def epoch_order(num_rows: int, seed: int, epoch: int) -> tuple[int, ...]:
    """Return the order of the rows in an epoch: sorted by a hash, so it never depends on a library."""

    def rank(index: int) -> bytes:
        return hashlib.blake2b(f"{seed}/{epoch}/{index}".encode(), digest_size=16).digest()

    return tuple(sorted(range(num_rows), key=rank))


def steps_per_epoch(num_rows: int, batch_size: int) -> int:
    """Return the optimizer steps of one epoch; the last batch may be smaller and is not dropped."""
    return math.ceil(num_rows / batch_size)


def rows_of_step(step: int, *, num_rows: int, batch_size: int, seed: int) -> tuple[int, ...]:
    """Return the indices of the rows that step ``step`` (from 0) trains on."""
    epoch, position = divmod(step, steps_per_epoch(num_rows, batch_size))
    order = epoch_order(num_rows, seed, epoch)
    return order[position * batch_size : (position + 1) * batch_size]


def micro_batches(
    rows: Sequence[EncodedRow], micro_batch_size: int, max_pack_tokens: int
) -> list[list[EncodedRow]]:
    """Cut the rows of a step into micro-batches whose rows share long prefixes.

    Rows are sorted, so neighbours share the most. A micro-batch ends at ``micro_batch_size`` rows or
    before its tree would pass ``max_pack_tokens``; a single longer row is a micro-batch of its own.
    """
    batches: list[list[EncodedRow]] = []
    num_tokens = 0
    last: EncodedRow | None = None
    for row in sorted(rows, key=lambda row: row.token_ids):
        length = sum(len(branch.token_ids) for branch in row.branches)
        added = length - _shared(row, last)
        is_full = not batches or len(batches[-1]) == micro_batch_size or num_tokens + added > max_pack_tokens
        if is_full:
            batches.append([])
            num_tokens, added = 0, length
        batches[-1].append(row)
        num_tokens += added
        last = row
    return batches


def _shared(row: EncodedRow, last: EncodedRow | None) -> int:
    if last is None:
        return 0
    pairs = zip(row.token_ids, last.token_ids, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(row.token_ids), len(last.token_ids)))
