"""The LoRA layer beside a base layer in 4 bits. Importing this file imports bitsandbytes."""

from __future__ import annotations

from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft.tuners.lora.bnb import Linear4bit as PeftLinear4bit

from aliquot.modeling.lora_layer import add_lora, has_one_adapter


class LoraLinear4bit(PeftLinear4bit):
    """PEFT's layer with the same parameters under the same names; only the forward pass differs.

    Merging and several adapters, which need the weights packed anew, are left to PEFT.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return the base layer's output plus the adapter's."""
        weight: Any = self.base_layer.weight
        if type(self.base_layer) is not Linear4bit or not has_one_adapter(self):
            return super().forward(x, *args, **kwargs)
        return add_lora(self, x, weight.quant_state.dtype, weight.quant_state)
