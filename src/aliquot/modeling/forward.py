"""Losses of the trained tokens of some rows, with every shared prefix computed once.

Shape letters: T nodes of the prefix tree, Q trained positions, B rows, L longest row, H hidden size,
V vocabulary. The language-model head runs at the Q trained positions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from aliquot.modeling.flash_attention import FlashIndex, can_flash, index_flash
from aliquot.modeling.load import autocast
from aliquot.modeling.tree_attention import TreeIndex, index_runs
from aliquot.tokenization.encoder import EncodedRow
from aliquot.tokenization.prefix_tree import PrefixTree, build_prefix_tree

# Families that hand a tree on to their attention, and whose head is a plain linear layer. Others run
# padded. Sliding windows (Gemma) and scaled logits need their own tests before they may join.
SHARING_FAMILIES = frozenset({"llama", "qwen2", "qwen3", "mistral", "smollm3"})


_NO_MASK = torch.zeros(1, 1, 1, 1)
"""A mask of four dimensions is passed on as it is; the tree says what is visible."""


@dataclass(frozen=True, slots=True)
class TokenLosses:
    """Negative log-likelihoods of the trained tokens of some rows.

    Attributes:
        losses_Q: In nats, float32, in no particular order.
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
        misses = self.losses_Q.new_zeros(num_rows).index_add(0, self.rows_Q, (~self.is_hit_Q).float())
        return losses, misses == 0


def layout_of(model: Any) -> str:
    """Return ``prefix_tree`` when this model's family may share prefixes, else ``padded``."""
    return "prefix_tree" if _language_model(model).config.model_type in SHARING_FAMILIES else "padded"


def attention_of(model: Any) -> str:
    """Return how this model attends over a prefix tree on its device: ``flash`` or ``masked``."""
    language_model = _language_model(model)
    config = language_model.config
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return "flash" if can_flash(language_model.device, language_model.dtype, head_size) else "masked"


def token_losses(model: Any, rows: Sequence[EncodedRow], layout: str) -> TokenLosses:
    """Run one micro-batch forward.

    Args:
        model: A transformers causal language model, with or without a PEFT adapter.
        rows: The rows of the micro-batch.
        layout: ``prefix_tree`` or ``padded``; the losses are the same up to rounding.
    """
    return _losses_on_tree(model, rows) if layout == "prefix_tree" else _losses_padded(model, rows)


def _losses_on_tree(model: Any, rows: Sequence[EncodedRow]) -> TokenLosses:
    tree = build_prefix_tree(rows)
    language_model = _language_model(model)
    device = language_model.device
    with autocast(language_model):
        hidden_1TH = language_model.base_model(
            input_ids=torch.tensor([tree.token_ids], device=device),
            position_ids=torch.tensor([tree.positions], device=device),
            attention_mask=_NO_MASK.to(device),
            tree=_index_tree(language_model, tree),
            use_cache=False,
        ).last_hidden_state
        hidden_QH = hidden_1TH[0].index_select(0, torch.tensor(tree.query_nodes, device=device))
        logits_QV = language_model.get_output_embeddings()(hidden_QH)
    targets_Q = torch.tensor(tree.targets, device=device)
    rows_Q = torch.tensor(tree.query_rows, device=device)
    return _token_losses(logits_QV, targets_Q, rows_Q, len(tree.token_ids))


def _index_tree(language_model: Any, tree: PrefixTree) -> TreeIndex | FlashIndex:
    if attention_of(language_model) == "flash":
        return index_flash(tree.runs, language_model.device)
    return index_runs(tree.runs, len(tree.token_ids), language_model.device)


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
    with autocast(language_model):
        logits_BLV = language_model(
            input_ids=ids_BL.to(device), attention_mask=is_token_BL.to(device), use_cache=False
        ).logits
    chosen_BL = is_trained_BL[:, 1:].to(device)
    rows_B = torch.tensor([index for _, index in branches], device=device)
    targets_Q = ids_BL[:, 1:].to(device)[chosen_BL]
    rows_Q = rows_B[chosen_BL.nonzero()[:, 0]]
    return _token_losses(logits_BLV[:, :-1][chosen_BL], targets_Q, rows_Q, len(branches) * longest)


def _token_losses(
    logits_QV: torch.Tensor, targets_Q: torch.Tensor, rows_Q: torch.Tensor, computed_tokens: int
) -> TokenLosses:
    losses_Q = cross_entropy(logits_QV.float(), targets_Q, reduction="none")
    is_hit_Q = logits_QV.detach().argmax(-1) == targets_Q
    return TokenLosses(losses_Q, is_hit_Q, rows_Q, computed_tokens)


def _language_model(model: Any) -> Any:
    """Return the transformers model inside a PEFT wrapper; its adapter layers stay in place."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
