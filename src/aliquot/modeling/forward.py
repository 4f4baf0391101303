"""Losses of the trained tokens of some rows, with every shared prefix computed once.

Shape letters: T nodes of the prefix tree, Q trained positions, B rows, L longest row, V vocabulary.
The language-model head runs at the Q trained positions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from aliquot.modeling.flash_attention import FlashIndex, can_flash, index_flash
from aliquot.modeling.load import autocast
from aliquot.modeling.shared_prefix import SharedPrefix
from aliquot.modeling.tree_attention import TreeIndex, index_runs
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.families import find_obstacle
from aliquot.tokenization.prefix_tree import PrefixTree, build_prefix_tree

_NO_MASK = torch.zeros(1, 1, 1, 1)
"""A mask of four dimensions is passed on as it is; the tree says what is visible."""


@dataclass(frozen=True, slots=True)
class TokenLosses:
    """Negative log-likelihoods of the trained tokens of some rows.

    Attributes:
        losses_Q: In nats, float32 (float64 from a float64 model), in no particular order.
        is_hit_Q: Whether the expected token is the most probable one.
        rows_Q: For each, the index of its row.
        computed_tokens: Tokens that went through the model.
    """

    losses_Q: torch.Tensor
    is_hit_Q: torch.Tensor
    rows_Q: torch.Tensor
    computed_tokens: int

    def per_row(self, num_rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return each row's summed loss, and whether greedy decoding would give exactly its answer."""
        losses = self.losses_Q.new_zeros(num_rows).index_add(0, self.rows_Q, self.losses_Q)
        misses = self.losses_Q.new_zeros(num_rows).index_add(
            0, self.rows_Q, (~self.is_hit_Q).to(losses.dtype)
        )
        return losses, misses == 0


def layout_of(model: Any) -> str:
    """Return ``prefix_tree`` when this model's family may share prefixes, else ``padded``."""
    return "padded" if find_obstacle(_language_model(model).config.model_type) else "prefix_tree"


def attention_of(model: Any) -> str:
    """Return how this model attends over a prefix tree on its device: ``flash`` or ``masked``.

    The kernel knows no cap on scores, and is called without dropout.
    """
    language_model = _language_model(model)
    config = language_model.config.get_text_config()
    is_plain = not any(
        getattr(config, name, None) for name in ("attn_logit_softcapping", "attention_dropout")
    )
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    has_kernel = can_flash(language_model.device, language_model.dtype, head_size)
    return "flash" if is_plain and has_kernel else "masked"


def token_losses(
    model: Any, rows: Sequence[EncodedRow], layout: str, *, prefix: SharedPrefix | None = None
) -> TokenLosses:
    """Run one micro-batch forward.

    Args:
        model: A transformers causal language model, with or without a PEFT adapter.
        rows: The rows of the micro-batch.
        layout: ``prefix_tree`` or ``padded``; the losses are the same up to rounding.
        prefix: What stands before every row and is not part of it; on a prefix tree only, without gradients.
    """
    return _losses_on_tree(model, rows, prefix) if layout == "prefix_tree" else _losses_padded(model, rows)


def _losses_on_tree(model: Any, rows: Sequence[EncodedRow], prefix: SharedPrefix | None) -> TokenLosses:
    tree = build_prefix_tree(rows)
    language_model = _language_model(model)
    device = language_model.device
    num_before = len(prefix.token_ids) if prefix else 0
    with autocast(language_model):
        logits_QV = language_model(
            input_ids=torch.tensor([tree.token_ids], device=device),
            position_ids=num_before + torch.tensor([tree.positions], device=device),
            attention_mask=_NO_MASK.to(device),
            tree=_index_tree(language_model, tree),
            prefix=prefix,
            use_cache=False,
            # The model's own head: some families bound or scale what it gives.
            logits_to_keep=torch.tensor(tree.query_nodes, device=device),
        ).logits[0]
    targets_Q = torch.tensor(tree.targets, device=device)
    rows_Q = torch.tensor(tree.query_rows, device=device)
    return _token_losses(logits_QV, targets_Q, rows_Q, len(tree.token_ids))


def _index_tree(language_model: Any, tree: PrefixTree) -> TreeIndex | FlashIndex:
    if attention_of(language_model) == "flash":
        return index_flash(tree.runs, language_model.device)
    window = getattr(language_model.config.get_text_config(), "sliding_window", None)
    return index_runs(tree.runs, len(tree.token_ids), language_model.device, window=window)


def _losses_padded(model: Any, rows: Sequence[EncodedRow]) -> TokenLosses:
    branches = [(branch, index) for index, row in enumerate(rows) for branch in row.branches]
    longest = max(len(branch.token_ids) for branch, _ in branches)
    language_model = _language_model(model)
    device = language_model.device
    ids_BL = torch.zeros(len(branches), longest, dtype=torch.long)
    is_token_BL = torch.zeros(len(branches), longest, dtype=torch.long)
    is_trained_BL = torch.zeros(len(branches), longest, dtype=torch.bool)
    for place, (branch, _) in enumerate(branches):
        length = len(branch.token_ids)
        ids_BL[place, :length] = torch.tensor(branch.token_ids)
        is_token_BL[place, :length] = 1
        is_trained_BL[place, :length] = torch.tensor(branch.is_trained)
    is_asked_BL = is_trained_BL[:, 1:]  # the token before a trained one predicts it
    keep_BL = torch.nn.functional.pad(is_asked_BL, (0, 1)).to(device)
    with autocast(language_model):
        logits_QV = language_model(
            input_ids=ids_BL.to(device),
            attention_mask=is_token_BL.to(device),
            use_cache=False,
            logits_to_keep=keep_BL,
        ).logits
    rows_B = torch.tensor([index for _, index in branches])
    targets_Q = ids_BL[:, 1:][is_asked_BL].to(device)
    rows_Q = rows_B[is_asked_BL.nonzero()[:, 0]].to(device)
    return _token_losses(logits_QV, targets_Q, rows_Q, len(branches) * longest)


def _token_losses(
    logits_QV: torch.Tensor, targets_Q: torch.Tensor, rows_Q: torch.Tensor, computed_tokens: int
) -> TokenLosses:
    precision = torch.promote_types(logits_QV.dtype, torch.float32)
    losses_Q = cross_entropy(logits_QV.to(precision), targets_Q, reduction="none")
    is_hit_Q = logits_QV.detach().argmax(-1) == targets_Q
    return TokenLosses(losses_Q, is_hit_Q, rows_Q, computed_tokens)


def _language_model(model: Any) -> Any:
    """Return the transformers model inside a PEFT wrapper; its adapter layers stay in place."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
