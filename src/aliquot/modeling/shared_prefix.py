"""Keys and values of a prefix that many sequences begin with: computed once, kept once, attended to by all.

A query's attention to the prefix and to what follows are two products, put together by the sums under their
softmax. The first needs no mask and takes the queries of all rows at once, so nothing is copied for each row
or run. On CPUs, and without gradients.

Shape letters: B rows, H heads, Q queries, P prefix, K own keys, D head size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class SharedPrefix:
    """A computed prefix.

    Attributes:
        token_ids: Its P ids.
        states: Keys and values of each layer, both (1, H', P, D).
    """

    token_ids: tuple[int, ...]
    states: tuple[tuple[torch.Tensor, torch.Tensor], ...]


def attend_with_sums(
    query_BHQD: torch.Tensor,
    key_BHKD: torch.Tensor,
    value_BHKD: torch.Tensor,
    is_visible_B1QK: torch.Tensor | None,
    scaling: float | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mixed values (B, H, Q, D), and the logarithm of the sum under each softmax (B, H, Q).

    The kernel behind torch's own attention on CPUs, which gives the sums too; a query must see some key.
    """
    mask = None
    if is_visible_B1QK is not None:
        mask = query_BHQD.new_zeros(is_visible_B1QK.shape).masked_fill_(~is_visible_B1QK, -torch.inf)
    dropout, is_causal = 0.0, False
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query_BHQD, key_BHKD, value_BHKD, dropout, is_causal, attn_mask=mask, scale=scaling
    )


def add_prefix(
    query_BHQD: torch.Tensor,
    own: tuple[torch.Tensor, torch.Tensor],
    states: tuple[torch.Tensor, torch.Tensor],
    scaling: float | None,
) -> torch.Tensor:
    """Return the mixed values of queries that see a whole prefix besides their own keys.

    Args:
        query_BHQD: The queries.
        own: What ``attend_with_sums`` gave for their own keys.
        states: Keys and values of the prefix in this layer.
        scaling: Factor on the scores; one over the root of D when not given.
    """
    num_rows = len(query_BHQD)
    together = query_BHQD.transpose(0, 1).flatten(1, 2)[None]
    mixed, sums = attend_with_sums(together, *states, None, scaling)
    mixed_BHQD = mixed[0].unflatten(1, (num_rows, -1)).transpose(0, 1)
    sums_BHQ = sums[0].unflatten(1, (num_rows, -1)).transpose(0, 1)
    own_mixed_BHQD, own_sums_BHQ = own
    share_BHQ1 = torch.sigmoid(sums_BHQ - own_sums_BHQ)[..., None].to(mixed.dtype)
    return torch.lerp(own_mixed_BHQD, mixed_BHQD, share_BHQ1)
