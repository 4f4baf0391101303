"""Attention over a prefix tree that never scores one row's tokens against another's.

The nodes are cut into *runs*: stretches of one branch that were laid out together. A run's queries
attend to their whole path, which holds nothing of other rows. Cost grows with the number of rows, where
a dense mask over all T nodes grows with its square.

Layers with a sliding window see the last nodes of the path only. Capped scores (Gemma 2) are worked out
step by step: torch's own attention has no place for the cap.

On a CPU runs of similar size are computed together, group by group: what is filled up costs time. Elsewhere
they are one group, as a call costs more than filling up.

Shape letters: T nodes, R runs of a group, S longest run, L longest path, H heads, D head size, B rows,
Q queries, K keys.
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
from aliquot.modeling.shared_prefix import SharedPrefix, add_prefix, attend_with_sums
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
        is_near_R1SL: The same in layers with a sliding window, where the key must also be within it.
    """

    queries_RS: torch.Tensor
    keys_RL: torch.Tensor
    is_visible_R1SL: torch.Tensor
    is_near_R1SL: torch.Tensor


@dataclass(frozen=True, slots=True)
class TreeIndex:
    """The runs of a tree in groups.

    Attributes:
        places_T: For each node, its place among the queries of all groups.
        window: Nodes that a query sees in layers with a sliding window, itself included; None without such
            layers.
    """

    groups: tuple[RunGroup, ...]
    places_T: torch.Tensor
    window: int | None = None

    def visible(self, group: RunGroup, window: int | None) -> torch.Tensor:
        """Return a group's mask in a layer; ``window`` is the layer's own, None where it sees all."""
        if window is None:
            return group.is_visible_R1SL
        if window != self.window:
            raise ValueError(f"a layer has a window of {window}; the tree was indexed for {self.window}")
        return group.is_near_R1SL


def index_runs(
    runs: Sequence[Run], num_nodes: int, device: torch.device, *, window: int | None = None
) -> TreeIndex:
    """Return the index of a tree's runs; every node belongs to exactly one run.

    Args:
        runs: The runs, not cut.
        num_nodes: Nodes of the tree.
        device: Where the index is needed.
        window: Nodes that a query sees in layers with a sliding window, itself included.
    """
    groups: list[RunGroup] = []
    places_T = torch.zeros(num_nodes, dtype=torch.long)
    num_places = 0
    for members in group_runs(runs) if device.type == "cpu" else [cut_runs(runs)]:
        groups.append(_index_group(members, device, window))
        longest = groups[-1].queries_RS.shape[1]
        for run in members:
            places_T[list(run.path[run.num_shared :])] = num_places + torch.arange(run.num_own)
            num_places += longest
    return TreeIndex(tuple(groups), places_T.to(device), window)


def _index_group(runs: Sequence[Run], device: torch.device, window: int | None) -> RunGroup:
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
    is_near_RSL = is_visible_RSL
    if window is not None and window < deepest:
        is_near_RSL = is_visible_RSL & (torch.arange(deepest) > depths_RS[:, :, None] - window)
    parts = (queries_RS, keys_RL, is_visible_RSL[:, None], is_near_RSL[:, None])
    return RunGroup(*(part.to(device) for part in parts))


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    sliding_window: int | None = None,
    tree: TreeIndex | FlashIndex | None = None,
    prefix: SharedPrefix | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers asks: query (B, H, T, D), key and value (B, H', T, D) → (B, T, H, D).

    Args:
        module: The attention layer.
        query: With a tree B is 1 and the T positions are its nodes.
        key: Fewer heads than the queries have are shared by groups of them.
        value: Likewise.
        attention_mask: Who sees whom; not used with a tree.
        scaling: Factor on the scores; one over the root of D when not given.
        dropout: Share of the weights that is dropped.
        softcap: Bound of the scores: a score s becomes ``softcap · tanh(s / softcap)``.
        sliding_window: Positions that a query of this layer sees, itself included; without a tree the mask
            says so already.
        tree: The prefix tree, if the call brings one.
        prefix: What stands before all nodes of the tree, or before all rows of the batch; a batch then brings
            a mask of its own keys, true where they are seen.
        options: Passed on to torch's attention as transformers calls it.
    """
    if isinstance(tree, FlashIndex):
        return flash_attention(query, key, value, tree, scaling, window=sliding_window), None
    if prefix is not None:
        states: Any = prefix.states[module.layer_idx]  # pyrefly: ignore[bad-index]
        own = _attend_to_own(query, key, value, attention_mask if tree is None else tree, scaling=scaling)
        return add_prefix(query, own, states, scaling).transpose(1, 2), None
    if tree is None and softcap is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
    scores = {"scaling": scaling, "dropout": dropout, "softcap": softcap}
    if tree is None:
        mask = _causal_mask(query, key) if attention_mask is None else attention_mask
        return _attend(query, key, value, mask, **scores).transpose(1, 2), None
    return _attend_on_tree(query, key, value, tree, window=sliding_window, **scores), None


def _attend_on_tree(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    tree: TreeIndex,
    *,
    window: int | None,
    **scores: Any,
) -> torch.Tensor:
    """Return the mixed values of all nodes (1, T, H, D)."""
    mixed = [
        _attend(
            _gather(query, group.queries_RS),
            _gather(key, group.keys_RL),
            _gather(value, group.keys_RL),
            tree.visible(group, window),
            **scores,
        )
        for group in tree.groups
    ]
    mixed_NHD = torch.cat([mixed_RHSD.transpose(1, 2).flatten(0, 1) for mixed_RHSD in mixed])
    return mixed_NHD.index_select(0, tree.places_T)[None]


def _attend(
    query_BHQD: torch.Tensor,
    key_BHKD: torch.Tensor,
    value_BHKD: torch.Tensor,
    mask_B1QK: torch.Tensor,
    *,
    scaling: float | None,
    dropout: float,
    softcap: float | None,
) -> torch.Tensor:
    """Return the mixed values (B, H, Q, D)."""
    if softcap is None:
        return scaled_dot_product_attention(
            query_BHQD,
            key_BHKD,
            value_BHKD,
            attn_mask=mask_B1QK,
            dropout_p=dropout,
            scale=scaling,
            enable_gqa=True,
        )
    group = query_BHQD.shape[1] // key_BHKD.shape[1]
    key_BHKD, value_BHKD = (states.repeat_interleave(group, dim=1) for states in (key_BHKD, value_BHKD))
    scores_BHQK = query_BHQD @ key_BHKD.transpose(2, 3) * (scaling or query_BHQD.shape[3] ** -0.5)
    scores_BHQK = softcap * torch.tanh(scores_BHQK / softcap)
    # Not minus infinity: padding may see nothing at all, which would give NaN.
    lowest = torch.finfo(scores_BHQK.dtype).min
    precision = torch.promote_types(scores_BHQK.dtype, torch.float32)
    weights_BHQK = scores_BHQK.masked_fill(~mask_B1QK, lowest).softmax(-1, dtype=precision)
    return torch.nn.functional.dropout(weights_BHQK, dropout).to(value_BHKD.dtype) @ value_BHKD


def _attend_to_own(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    sight: TreeIndex | torch.Tensor | None,
    *,
    scaling: float | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mixed values and sums over what follows a prefix: paths of a tree, or a batch under its mask."""
    if isinstance(sight, TreeIndex):
        return _attend_to_paths(query, key, value, sight, scaling)
    return attend_with_sums(query, key, value, sight, scaling)


def _attend_to_paths(
    query_1HTD: torch.Tensor,
    key_1HTD: torch.Tensor,
    value_1HTD: torch.Tensor,
    tree: TreeIndex,
    scaling: float | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every node's mixed values (1, H, T, D) and sums (1, H, T) over its path, without windows."""
    parts = [
        attend_with_sums(
            _gather(query_1HTD, group.queries_RS),
            _gather(key_1HTD, group.keys_RL),
            _gather(value_1HTD, group.keys_RL),
            group.is_visible_R1SL,
            scaling,
        )
        for group in tree.groups
    ]
    mixed_HND = torch.cat([mixed_RHSD.transpose(0, 1).flatten(1, 2) for mixed_RHSD, _ in parts], dim=1)
    sums_HN = torch.cat([sums_RHS.transpose(0, 1).flatten(1, 2) for _, sums_RHS in parts], dim=1)
    return mixed_HND.index_select(1, tree.places_T)[None], sums_HN.index_select(1, tree.places_T)[None]


def _causal_mask(query_BHQD: torch.Tensor, key_BHKD: torch.Tensor) -> torch.Tensor:
    """Return what transformers means by no mask: queries are the last of the keys and see those before."""
    num_queries, num_keys = query_BHQD.shape[2], key_BHKD.shape[2]
    is_visible_QK = torch.ones(num_queries, num_keys, dtype=torch.bool, device=query_BHQD.device)
    return is_visible_QK.tril(num_keys - num_queries)


def _gather(states_1HTD: torch.Tensor, nodes_RN: torch.Tensor) -> torch.Tensor:
    """Return the states of each run's nodes, (R, H, N, D)."""
    picked_HND = states_1HTD[0].index_select(1, nodes_RN.flatten())
    return picked_HND.unflatten(1, nodes_RN.shape).transpose(0, 1)


AttentionInterface.register(NAME, tree_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
