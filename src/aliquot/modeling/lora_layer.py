"""A LoRA layer with few kernels, on every device.

PEFT's own layer adds and scales in passes of their own; beside bfloat16 weights it copies its input to
float32, lets autocast copy it back, and keeps the copies for the backward pass.

Shape letters: T tokens (any leading axes), I inputs, O outputs, K rank.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora.layer import Linear


class LoraLinear(Linear):
    """PEFT's layer with the same parameters under the same names; only the forward pass differs.

    One active adapter beside a plain linear layer, as ``add_adapter`` makes it; all else is left to PEFT.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return the base layer's output plus the adapter's."""
        base, names = self.base_layer, self.active_adapters
        is_plain = type(base) is torch.nn.Linear and len(names) == 1 and names[0] not in self.lora_variant
        if self.disable_adapters or self.merged or not is_plain:
            return super().forward(x, *args, **kwargs)
        name = names[0]
        dropout = self.lora_dropout[name]
        input_TI = x.to(base.weight.dtype)
        a_KI, b_OK = self.lora_A[name].weight, self.lora_B[name].weight
        # Without dropout base layer and adapter see one input, and share the sum of its gradients.
        dropped_TI = None if isinstance(dropout, torch.nn.Identity) else dropout(input_TI)
        parts = (input_TI, base.weight, base.bias, dropped_TI, a_KI, b_OK)
        return _LoraProduct.apply(*parts, self.scaling[name])  # pyrefly: ignore[bad-return]


class _LoraProduct(torch.autograd.Function):
    """``input · Wᵀ + bias + scaling · dropped · Aᵀ · Bᵀ``, added up in place.

    Products in the precision of W, which is frozen; gradients of A and B in theirs.
    """

    @staticmethod
    def forward(ctx: Any, *parts: Any) -> torch.Tensor:
        """Take input, W, bias, dropped input (None: the input), A, B and scaling."""
        input_TI, weight_OI, bias_O, dropped_TI, a_KI, b_OK, scaling = parts
        seen_TI = input_TI if dropped_TI is None else dropped_TI
        inner_TK = seen_TI.flatten(0, -2) @ a_KI.to(seen_TI.dtype).T
        ctx.save_for_backward(seen_TI, inner_TK, weight_OI, a_KI, b_OK)
        ctx.scaling, ctx.is_dropped = scaling, dropped_TI is not None
        sum_TO = torch.nn.functional.linear(input_TI.flatten(0, -2), weight_OI, bias_O)
        sum_TO.addmm_(inner_TK, b_OK.to(seen_TI.dtype).T, alpha=scaling)
        return sum_TO.view(*input_TI.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of the input, the dropped input, A and B."""
        (grad_TO,) = grads
        seen_TI, inner_TK, weight_OI, a_KI, b_OK = ctx.saved_tensors
        flat_TO, flat_TI = grad_TO.flatten(0, -2), seen_TI.flatten(0, -2)
        inner_grad_TK = (flat_TO @ b_OK.to(flat_TO.dtype)).mul_(ctx.scaling)
        input_grad = dropped_grad = None
        if ctx.needs_input_grad[0]:  # the first layer's input is the embedding, which is frozen
            input_grad = flat_TO @ weight_OI
            if not ctx.is_dropped:
                input_grad.addmm_(inner_grad_TK, a_KI.to(flat_TO.dtype))
            input_grad = input_grad.view(seen_TI.shape)
        if ctx.needs_input_grad[3]:
            dropped_grad = (inner_grad_TK @ a_KI.to(flat_TO.dtype)).view(seen_TI.shape)
        a_grad_KI = (inner_grad_TK.T @ flat_TI).to(a_KI.dtype)
        b_grad_OK = (flat_TO.T @ inner_TK).mul_(ctx.scaling).to(b_OK.dtype)
        return input_grad, None, None, dropped_grad, a_grad_KI, b_grad_OK, None
