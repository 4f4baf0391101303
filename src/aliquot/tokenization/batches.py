"""Which rows make up each step: a pure function of (seed, epoch, position).

Nothing about the order is stored in a checkpoint but the step: a resumed run sees exactly the rows an
uninterrupted one would have seen.

The rows of a step are a random subset, drawn without replacement within an epoch: any two rows are equally
likely to share a step, whatever they have in common. Sharing is sought within the step only: how it is cut
into micro-batches changes what is computed, never what is learnt.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import shared_length

MAX_PACK_TOKENS = {"cpu": 1536, "mps": 1536, "cuda": 16_384}
"""Most tokens of one prefix tree by device; bounds the memory of one pass. Measured on an
H100: models of a billion parameters have reached their speed with so many. Elsewhere not tuned."""

PASSES_PER_PACK = 32
"""A pass costs as much as computing this fraction of the tokens it may hold again: an estimate for CPUs; on a
GPU it costs more, where a pass holds so many tokens that few are needed."""


def pack_limit(device: str, longest: int) -> int:
    """Return the most tokens of one pass: the device's, or more where rows are long.

    Below twice the longest row, rows that share a long prefix would each be computed alone; a pass of one
    such row is needed anyway.

    Args:
        device: ``cpu``, ``cuda`` or ``mps``.
        longest: Tokens of the longest row.
    """
    return max(MAX_PACK_TOKENS[device], 2 * longest)


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
    rows: Sequence[EncodedRow], micro_batch_size: int, max_pack_tokens: int, layout: str
) -> list[list[EncodedRow]]:
    """Cut the rows of a step into micro-batches, so that as little as possible is computed.

    On prefix trees rows with a common prefix go together, and a cut falls where it has the least computed
    twice; among rows that share as much, those of similar length are neighbours. Padded rows are sorted by
    length. The same rows give the same micro-batches, in whatever order they come.

    Args:
        rows: The rows of a step, or of a validation split.
        micro_batch_size: Most rows of a micro-batch.
        max_pack_tokens: Most tokens of a micro-batch; a single longer row is one of its own.
        layout: ``prefix_tree`` or ``padded``.
    """
    if layout == "padded":
        return _cut_padded(rows, micro_batch_size, max_pack_tokens)
    ordered = _by_prefix(rows)
    ends = _cheapest_ends(_Costs.of(ordered), micro_batch_size, max_pack_tokens)
    return [ordered[start:end] for start, end in pairwise([0, *ends])]


def _cut_padded(
    rows: Sequence[EncodedRow], micro_batch_size: int, max_pack_tokens: int
) -> list[list[EncodedRow]]:
    batches: list[list[EncodedRow]] = []
    num_sequences = 0
    for row in sorted(rows, key=lambda row: (_longest(row), row.token_ids)):
        num_sequences += len(row.branches)
        is_full = not batches or len(batches[-1]) == micro_batch_size
        if is_full or num_sequences * _longest(row) > max_pack_tokens:
            batches.append([])
            num_sequences = len(row.branches)
        batches[-1].append(row)
    return batches


def _longest(row: EncodedRow) -> int:
    return max(len(branch.token_ids) for branch in row.branches)


def _by_prefix(rows: Sequence[EncodedRow]) -> list[EncodedRow]:
    """Return the rows as a walk over their prefix tree meets them, short subtrees first.

    Rows that share a prefix are neighbours in any such walk; its order among subtrees is free.
    """
    levels: list[tuple[int, list[list[EncodedRow]]]] = [(0, [])]  # depth of a node, its closed subtrees
    last: tuple[int, ...] = ()
    for row in sorted(rows, key=lambda row: [(part.token_ids, part.is_trained) for part in row.branches]):
        shared = shared_length(row.token_ids, last)
        while levels[-1][0] > shared:
            _, subtrees = levels.pop()
            levels[-1][1].append(_join(subtrees))
        if levels[-1][0] < shared:  # the last subtree turns out to share more with this row than its siblings
            levels.append((shared, [levels[-1][1].pop()]))
        levels[-1][1].append([row])
        last = row.token_ids
    while len(levels) > 1:
        _, subtrees = levels.pop()
        levels[-1][1].append(_join(subtrees))
    return _join(levels[0][1])


def _join(subtrees: list[list[EncodedRow]]) -> list[EncodedRow]:
    # The last row of a subtree is the longest, but for rows of several branches.
    return [row for subtree in sorted(subtrees, key=lambda rows: _longest(rows[-1])) for row in subtree]


@dataclass(frozen=True, slots=True)
class _Costs:
    """What rows in order cost on a tree, in tokens.

    Attributes:
        before: For each row and the end, the tokens of all rows before it on one tree.
        again: For each row, what is computed again when a micro-batch begins with it.
    """

    before: list[int]
    again: list[int]

    @classmethod
    def of(cls, rows: Sequence[EncodedRow]) -> _Costs:
        before, again = [0], [0]
        for last, row in pairwise([None, *rows]):
            assert row is not None
            shared = _shared_tokens(row, last) if last else 0
            before.append(before[-1] + _tree_tokens(row) - shared)
            again.append(shared)
        return cls(before, again[1:])

    def between(self, start: int, end: int) -> int:
        """Return the tokens of the tree of some rows; an upper bound where rows have several branches."""
        return self.before[end] - self.before[start] + self.again[start]


def _cheapest_ends(costs: _Costs, micro_batch_size: int, max_pack_tokens: int) -> list[int]:
    """Return where micro-batches end, so that computed tokens and passes cost the least.

    The cost of a cut depends on its place alone, so the best last micro-batch is found among the starts that
    are within the limits, kept with the cheapest first: time grows with the number of rows.
    """
    num_rows = len(costs.again)
    least, best_start = [0.0], [0]  # of the first rows: their cost, and where their last micro-batch starts
    starts: deque[int] = deque()

    def price(start: int) -> float:
        return least[start] + costs.again[start]

    for end in range(1, num_rows + 1):
        while starts and price(starts[-1]) > price(end - 1):
            starts.pop()
        starts.append(end - 1)
        while starts[0] < end - 1 and (
            end - starts[0] > micro_batch_size or costs.between(starts[0], end) > max_pack_tokens
        ):
            starts.popleft()
        best_start.append(starts[0])
        least.append(price(starts[0]) + max_pack_tokens / PASSES_PER_PACK)
    ends = [num_rows] if num_rows else []
    while ends and best_start[ends[-1]] > 0:
        ends.append(best_start[ends[-1]])
    return ends[::-1]


def _tree_tokens(*rows: EncodedRow) -> int:
    """Return the tokens computed for some rows on one tree; the last of a branch is only predicted."""
    inputs = sorted(branch.token_ids[:-1] for row in rows for branch in row.branches)
    return sum(len(ids) - shared_length(ids, last) for last, ids in pairwise([(), *inputs]))


def _shared_tokens(row: EncodedRow, last: EncodedRow) -> int:
    if not (row.other_branches or last.other_branches):
        return shared_length(row.token_ids[:-1], last.token_ids[:-1])
    return _tree_tokens(row) + _tree_tokens(last) - _tree_tokens(row, last)
