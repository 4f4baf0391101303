"""A LoRA layer with few kernels, for GPUs, where a pass over a small model waits for launches.

PEFT's own layer copies its input to float32 and lets autocast copy it back: twice the kernels, and the
copies are kept for the backward pass. On a CPU its order of operations is kept, bit for bit.

Shape letters: T tokens (any leading axes), I inputs, O outputs, K rank.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora.layer import Linear


class GpuLoraLinear(Linear):
    """PEFT's layer with the same parameters under the same names; only the forward pass differs.

    One active adapter without variants, as ``add_adapter`` makes it.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return the base layer's output plus the adapter's."""
        if self.disable_adapters or self.merged:
            return super().forward(x, *args, **kwargs)
        base_TO = self.base_layer(x)
        (name,) = self.active_adapters
        input_TI = self.lora_dropout[name](x.to(base_TO.dtype))
        a_KI, b_OK = self.lora_A[name].weight, self.lora_B[name].weight
        return _AddLora.apply(base_TO, input_TI, a_KI, b_OK, self.scaling[name])  # pyrefly: ignore[bad-return]


class _AddLora(torch.autograd.Function):
    """``base + scaling · input · Aᵀ · Bᵀ``; products in the base's precision, gradients in the adapter's."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Take base, input, A, B and scaling; keep the input and its K inner values."""
        base_TO, input_TI, a_KI, b_OK, scaling = inputs
        flat_TI = input_TI.flatten(0, -2)
        inner_TK = flat_TI @ a_KI.to(flat_TI.dtype).T
        ctx.save_for_backward(input_TI, inner_TK, a_KI, b_OK)
        ctx.scaling = scaling
        b_KO = b_OK.to(flat_TI.dtype).T
        sum_TO = torch.addmm(base_TO.flatten(0, -2), inner_TK, b_KO, alpha=scaling)
        return sum_TO.view(base_TO.shape)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of base, input, A and B."""
        (grad_TO,) = grads
        input_TI, inner_TK, a_KI, b_OK = ctx.saved_tensors
        flat_TO = grad_TO.flatten(0, -2)
        inner_grad_TK = ctx.scaling * (flat_TO @ b_OK.to(flat_TO.dtype))
        input_grad = None
        if ctx.needs_input_grad[1]:  # the first layer's input is the embedding, which is frozen
            input_grad = (inner_grad_TK @ a_KI.to(flat_TO.dtype)).view(input_TI.shape)
        a_grad_KI = inner_grad_TK.T @ input_TI.flatten(0, -2)
        b_grad_OK = ctx.scaling * (flat_TO.T @ inner_TK)
        return grad_TO, input_grad, a_grad_KI.to(a_KI.dtype), b_grad_OK.to(b_OK.dtype), None
