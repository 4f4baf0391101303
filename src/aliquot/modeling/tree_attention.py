"""Attention over a prefix tree that never scores one row's tokens against another's.

The nodes are cut into *runs*: stretches of one branch that were laid out together. A run's queries
attend to their whole path, which holds nothing of other rows. Cost grows with the number of rows, where
a dense mask over all T nodes grows with its square.

On a CPU runs of similar size are computed together, group by group: what is filled up costs time. Elsewhere
they are one group, as a call costs more than filling up.

Shape letters: T nodes, R runs of a group, S longest run, L longest path, H heads, D head size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from aliquot.modeling.flash_attention import FlashIndex, flash_attention
from aliquot.tokenization.prefix_tree import Run, cut_runs, group_runs

NAME = "aliquot_tree"
"""The attention that models are loaded with: torch's own, unless the call brings a tree."""


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Where the queries and keys of some runs lie among the nodes.

    Attributes:
        queries_RS: Nodes of each run; filled up with node 0.
        keys_RL: Nodes of each run's path, root first; filled up with node 0.
        is_visible_R1SL: Whether a query sees a key: the key is on its path and not after it.
    """

    queries_RS: torch.Tensor
    keys_RL: torch.Tensor
    is_visible_R1SL: torch.Tensor


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """The runs of a tree in groups.

    Attributes:
        places_T: For each node, its place among the queries of all groups.
    """

    groups: tuple[RunGroup, ...]
    places_T: torch.Tensor


def index_runs(runs: Sequence[Run], num_nodes: int, device: torch.device) -> TreeIndex:
    """Return the index of a tree's runs; every node belongs to exactly one run."""
    groups: list[RunGroup] = []
    places_T = torch.zeros(num_nodes, dtype=torch.long)
    num_places = 0
    for members in group_runs(runs) if device.type == "cpu" else [cut_runs(runs)]:
        groups.append(_index_group(members, device))
        longest = groups[-1].queries_RS.shape[1]
        for run in members:
            places_T[list(run.path[run.num_shared :])] = num_places + torch.arange(run.num_own)
            num_places += longest
    return TreeIndex(tuple(groups), places_T.to(device))


def _index_group(runs: Sequence[Run], device: torch.device) -> RunGroup:
    longest = max(run.num_own for run in runs)
    deepest = max(len(run.path) for run in runs)
    queries_RS = torch.zeros(len(runs), longest, dtype=torch.long)
    keys_RL = torch.zeros(len(runs), deepest, dtype=torch.long)
    depths_RS = torch.zeros(len(runs), longest, dtype=torch.long)
    for index, run in enumerate(runs):
        queries_RS[index, : run.num_own] = torch.tensor(run.path[run.num_shared :])
        depths_RS[index, : run.num_own] = torch.arange(run.num_shared, len(run.path))
        keys_RL[index, : len(run.path)] = torch.tensor(run.path)
    # A query at depth d sees the first d + 1 nodes of its path. Fill-ups have depth 0 and see the root:
    # a row of the mask without a visible key would give NaN.
    is_visible_RSL = torch.arange(deepest) <= depths_RS[:, :, None]
    parts = (queries_RS, keys_RL, is_visible_RSL[:, None])
    return RunGroup(*(part.to(device) for part in parts))


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    tree: TreeIndex | FlashIndex | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers asks: query (1, H, T, D), key and value (1, H', T, D) → (1, T, H, D)."""
    if tree is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    if isinstance(tree, FlashIndex):
        return flash_attention(query, key, value, tree, scaling), None
    mixed_NHD = torch.cat([_attend(query, key, value, group, scaling) for group in tree.groups])
    return mixed_NHD.index_select(0, tree.places_T)[None], None


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, group: RunGroup, scaling: float | None
) -> torch.Tensor:
    """Return what the R·S queries of a group see, (R·S, H, D)."""
    mixed_RHSD = scaled_dot_product_attention(
        _gather(query, group.queries_RS),
        _gather(key, group.keys_RL),
        _gather(value, group.keys_RL),
        attn_mask=group.is_visible_R1SL,
        scale=scaling,
        enable_gqa=True,
    )
    return mixed_RHSD.transpose(1, 2).flatten(0, 1)


def _gather(states_1HTD: torch.Tensor, nodes_RN: torch.Tensor) -> torch.Tensor:
    """Return the states of each run's nodes, (R, H, N, D)."""
    picked_HND = states_1HTD[0].index_select(1, nodes_RN.flatten())
    return picked_HND.unflatten(1, nodes_RN.shape).transpose(0, 1)


AttentionInterface.register(NAME, tree_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
