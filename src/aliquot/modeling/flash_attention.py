"""Attention over a prefix tree on a GPU: every run as one sequence of a flash-attention batch.

Nothing is padded and no mask is made: the kernel takes runs of any length, and its causal rule lets the
queries of a run, the end of its path, see the path up to themselves. Measured on an H100 against masks, see
docs/decisions/0008.

Shape letters: T nodes, N keys of all runs, R runs, H heads, D head size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from aliquot.tokenization.prefix_tree import Run

MIN_CAPABILITY = (8, 0)
"""NVIDIA's Ampere; older chips lack the kernel and bfloat16."""
MAX_HEAD_SIZE = 256


@dataclass(frozen=True, slots=True)
class FlashIndex:
    """Where the keys of every run lie. The queries of all runs, one run after the other, are the nodes.

    Attributes:
        keys_N: Nodes of each run's path, one run after the other; None when these are the nodes as they are.
        query_ends: 0 and, for each run, the end of its queries among the nodes.
        key_ends: The same among the N keys.
        longest: Queries of the longest run.
        deepest: Keys of the longest path.
    """

    keys_N: torch.Tensor | None
    query_ends: torch.Tensor
    key_ends: torch.Tensor
    longest: int
    deepest: int


def can_flash(device: torch.device, dtype: torch.dtype, head_size: int) -> bool:
    """Return whether the kernel exists here for this number format and head size."""
    if device.type != "cuda" or torch.version.cuda is None or dtype != torch.bfloat16:
        return False
    is_new_enough = torch.cuda.get_device_capability(device) >= MIN_CAPABILITY
    return is_new_enough and head_size % 8 == 0 and head_size <= MAX_HEAD_SIZE


def index_flash(runs: Sequence[Run], device: torch.device) -> FlashIndex:
    """Return the index of a tree's runs, uncut and in the order they were laid out."""
    lengths = [len(run.path) - run.num_shared for run in runs]
    depths = [len(run.path) for run in runs]
    keys = [node for run in runs for node in run.path] if any(run.num_shared for run in runs) else None
    return FlashIndex(
        keys_N=None if keys is None else torch.tensor(keys).to(device, non_blocking=True),
        query_ends=_ends(lengths, device),
        key_ends=_ends(depths, device),
        longest=max(lengths),
        deepest=max(depths),
    )


def flash_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    index: FlashIndex,
    scaling: float | None,
    *,
    window: int | None = None,
) -> torch.Tensor:
    """Attend over all runs: query (1, H, T, D), key and value (1, H', T, D) → (1, T, H, D).

    Args:
        query: Of all nodes.
        key: Of all nodes; fewer heads than the queries have are shared by groups of them.
        value: Likewise.
        index: The tree's runs.
        scaling: Factor on the scores; one over the root of D when not given.
        window: Nodes of its path that a query sees, itself included; None for all.
    """
    query_THD, key_THD, value_THD = (states[0].transpose(0, 1) for states in (query, key, value))
    if index.keys_N is not None:
        # Gathered together: the gradient of a gather is the slow part, in a fixed order above all.
        both = torch.cat([key_THD, value_THD], dim=1).index_select(0, index.keys_N)
        key_THD, value_THD = both.chunk(2, dim=1)
    return _attend_to_ends(query_THD, key_THD, value_THD, index, scaling=scaling, window=window)[None]


def _attend_to_ends(
    query_THD: torch.Tensor,
    key_THD: torch.Tensor,
    value_THD: torch.Tensor,
    index: FlashIndex,
    *,
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    """Run the kernel behind torch's own attention over sequences of different lengths.

    With fewer queries than keys its causal rule takes the queries for the last ones. It is deterministic
    only after ``torch.use_deterministic_algorithms(True)`` without ``warn_only``.
    """
    lengths = (index.query_ends, index.key_ends, index.longest, index.deepest)
    dropout, is_causal, with_debug_mask = 0.0, True, False
    has_window = window is not None and window < index.deepest
    near = {"window_size_left": window - 1, "window_size_right": 0} if has_window else {}  # beside the query
    return torch.ops.aten._flash_attention_forward(
        query_THD, key_THD, value_THD, *lengths, dropout, is_causal, with_debug_mask, scale=scaling, **near
    )[0]


def _ends(lengths: Sequence[int], device: torch.device) -> torch.Tensor:
    ends = torch.tensor(list(accumulate(lengths, initial=0)), dtype=torch.int32)
    return ends.to(device, non_blocking=True)
