"""The prefix tree of a batch: each distinct prefix token of its rows once.

Rows are laid out depth first, and a token sees exactly the path from the root to itself. Loss and
gradients equal those of the padded batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.tokenization.encoder import EncodedRow

MIN_RUN = 16
"""Runs are not cut shorter than this: tiny matrices are slow."""
CALL_PAIRS = 2048
"""Scores of one head that take as long as one more call of torch's attention on a CPU; an estimate."""


@dataclass(frozen=True, slots=True)
class Run:
    """Nodes of one branch that were laid out together: ``path[num_shared:]``, below ``path[:num_shared]``."""

    path: tuple[int, ...]
    num_shared: int

    @property
    def num_own(self) -> int:
        """Nodes that were laid out with this run."""
        return len(self.path) - self.num_shared


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """A batch as one sequence of T nodes and Q queries.

    Attributes:
        token_ids: T ids, depth first.
        positions: T positions of the nodes in their rows.
        query_nodes: Q nodes whose next token is trained.
        targets: Q ids expected there.
        query_rows: Q indices into the rows as given: whose loss this is.
        runs: The nodes in the order they were laid out, cut where a branch ends.
    """

    token_ids: list[int]
    positions: list[int]
    query_nodes: list[int]
    targets: list[int]
    query_rows: list[int]
    runs: list[Run]


def build_prefix_tree(rows: Sequence[EncodedRow]) -> PrefixTree:
    """Lay out the branches of some rows as one prefix tree.

    The last token of a branch predicts nothing and is left out unless another row continues it.
    """
    branches = sorted(
        ((branch, index) for index, row in enumerate(rows) for branch in row.branches),
        key=lambda pair: pair[0].token_ids,
    )
    tree = PrefixTree([], [], [], [], [], [])
    path: list[int] = []  # nodes from the root to the last one laid out
    laid_out: tuple[int, ...] = ()  # their tokens
    for branch, index in branches:
        inputs = branch.token_ids[:-1]
        shared = shared_length(inputs, laid_out)
        laid_out = inputs
        del path[shared:]
        for position in range(shared, len(inputs)):
            path.append(len(tree.token_ids))
            tree.token_ids.append(inputs[position])
            tree.positions.append(position)
        if shared < len(path):
            tree.runs.append(Run(tuple(path), shared))
        for position in range(1, len(branch.token_ids)):
            if branch.is_trained[position]:
                tree.query_nodes.append(path[position - 1])
                tree.targets.append(branch.token_ids[position])
                tree.query_rows.append(index)
    return tree


def cut_runs(runs: Sequence[Run]) -> list[Run]:
    """Cut the few runs that are much longer than the others, so that all can be computed as one batch.

    The first branch brings the whole shared prefix; padding every run to its length would cost more than
    sharing saves.
    """
    lengths = sorted(run.num_own for run in runs)
    limit = max(MIN_RUN, lengths[int(0.9 * (len(lengths) - 1))])
    return [
        Run(run.path[: start + limit], start)
        for run in runs
        for start in range(run.num_shared, len(run.path), limit)
    ]


def group_runs(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs in groups of similar size, so that each can be computed as one batch on a CPU.

    Filling up to the longest run of a group costs scores that nobody needs, each group costs a call.
    """
    groups: list[list[Run]] = []
    longest = deepest = scores = 0  # of the last group
    for run in sorted(runs, key=lambda run: (run.num_own, len(run.path), run.path)):
        alone = run.num_own * len(run.path)
        longest, deepest = max(longest, run.num_own), max(deepest, len(run.path))
        together = (len(groups[-1]) + 1) * longest * deepest if groups else 0
        if groups and together <= scores + alone + CALL_PAIRS:
            groups[-1].append(run)
            scores = together
        else:
            groups.append([run])
            longest, deepest, scores = run.num_own, len(run.path), alone
    return groups


def shared_length(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many leading tokens two sequences of one type have in common.

    By halving: slices are compared at the speed of C.
    """
    same, limit = 0, min(len(first), len(second))
    while same < limit:
        middle = (same + limit + 1) // 2
        if first[same:middle] == second[same:middle]:
            same = middle
        else:
            limit = middle - 1
    return same
