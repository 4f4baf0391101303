"""Computing a prefix apart from what follows it, where that gives the same answers.

On CPUs: elsewhere every batch computes its own prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from aliquot.modeling.load import autocast
from aliquot.modeling.shared_prefix import SharedPrefix
from aliquot.tokenization.families import find_obstacle

MIN_TOKENS = 16
"""Below this, one more product in every layer costs more than computing the prefix again."""


def can_keep_prefix(model: Any, num_positions: int) -> bool:
    """Return whether a prefix may be computed apart from sequences of at most so many tokens, here.

    Not where a window hides part of it, scores are capped, or angles depend on the whole length.

    Args:
        model: A transformers causal language model, with or without an adapter.
        num_positions: Tokens of the longest sequence, prefix and answer included.
    """
    config = model.config.get_text_config()
    window = getattr(config, "sliding_window", None)
    angles = getattr(config, "rope_parameters", None) or {}
    kinds = {one.get("rope_type") for one in (angles, *angles.values()) if isinstance(one, dict)}
    return (
        model.device.type == "cpu"
        and find_obstacle(model.config.model_type) is None
        and (window is None or num_positions <= window)
        and not getattr(config, "attn_logit_softcapping", None)
        and kinds.isdisjoint(("dynamic", "longrope"))
    )


def compute_prefix(
    model: Any, token_ids: Sequence[int], *, after: SharedPrefix | None = None
) -> SharedPrefix:
    """Run the model over a prefix.

    Args:
        model: One for which ``can_keep_prefix``.
        token_ids: The whole prefix.
        after: A shorter one it begins with, which is not computed again.
    """
    cache = DynamicCache(after.states if after else None)
    start = len(after.token_ids) if after else 0
    with autocast(model):
        model(
            input_ids=torch.tensor([list(token_ids[start:])], device=model.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
    layers: list[Any] = cache.layers
    return SharedPrefix(tuple(token_ids), tuple((layer.keys, layer.values) for layer in layers))
