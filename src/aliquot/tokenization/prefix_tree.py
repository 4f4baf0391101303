"""The prefix tree of a batch: each distinct prefix token of its rows once.

Rows are laid out depth first. A token sees exactly its ancestors: token j is visible to token i when
``j <= i < subtree_end[j]``. Loss and gradients equal those of the padded batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.tokenization.encoder import EncodedRow


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """A batch as one sequence of T nodes and Q queries.

    Attributes:
        token_ids: T ids, depth first.
        positions: T positions of the nodes in their rows.
        subtree_ends: T indices: the first node that is not below this one.
        query_nodes: Q nodes whose next token is trained.
        targets: Q ids expected there.
        query_rows: Q indices into the rows as given: whose loss this is.
        num_row_tokens: Tokens of all branches, prefixes counted each time.
    """

    token_ids: list[int]
    positions: list[int]
    subtree_ends: list[int]
    query_nodes: list[int]
    targets: list[int]
    query_rows: list[int]
    num_row_tokens: int


def build_prefix_tree(rows: Sequence[EncodedRow]) -> PrefixTree:
    """Lay out the branches of some rows as one prefix tree.

    The last token of a branch predicts nothing and is left out unless another row continues it.
    """
    branches = sorted(
        ((branch, index) for index, row in enumerate(rows) for branch in row.branches),
        key=lambda pair: pair[0].token_ids,
    )
    tree = PrefixTree([], [], [], [], [], [], sum(len(branch.token_ids) for branch, _ in branches))
    path: list[int] = []  # nodes from the root to the last one laid out
    for branch, index in branches:
        inputs = branch.token_ids[:-1]
        shared = _shared_length(inputs, [tree.token_ids[node] for node in path])
        _close(tree, path, shared)
        for position in range(shared, len(inputs)):
            path.append(len(tree.token_ids))
            tree.token_ids.append(inputs[position])
            tree.positions.append(position)
            tree.subtree_ends.append(-1)
        for position in range(1, len(branch.token_ids)):
            if branch.is_trained[position]:
                tree.query_nodes.append(path[position - 1])
                tree.targets.append(branch.token_ids[position])
                tree.query_rows.append(index)
    _close(tree, path, 0)
    return tree


def count_distinct(rows: Sequence[Sequence[int]]) -> int:
    """Return the number of nodes of the rows' prefix tree, their last tokens included."""
    total, last = 0, ()
    for row in sorted(tuple(row) for row in rows):
        total += len(row) - _shared_length(row, last)
        last = row
    return total


def _close(tree: PrefixTree, path: list[int], length: int) -> None:
    """End the subtrees of the nodes beyond ``length`` and leave them."""
    for node in path[length:]:
        tree.subtree_ends[node] = len(tree.token_ids)
    del path[length:]


def _shared_length(first: Sequence[int], second: Sequence[int]) -> int:
    limit = min(len(first), len(second))
    for position in range(limit):
        if first[position] != second[position]:
            return position
    return limit
