"""A LoRA layer with few kernels, on every device.

PEFT's own layer adds and scales in passes of their own; beside bfloat16 weights it copies its input to
float32, lets autocast copy it back, and keeps the copies for the backward pass.

Shape letters: T tokens (any leading axes), I inputs, O outputs, K rank.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora.layer import Linear

from aliquot.modeling.four_bit import unpack


class LoraLinear(Linear):
    """PEFT's layer with the same parameters under the same names; only the forward pass differs.

    One active adapter beside a plain linear layer, as ``add_adapter`` makes it; all else is left to PEFT.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return the base layer's output plus the adapter's."""
        if type(self.base_layer) is not torch.nn.Linear or not has_one_adapter(self):
            return super().forward(x, *args, **kwargs)
        return add_lora(self, x, self.base_layer.weight.dtype)


def has_one_adapter(layer: Any) -> bool:
    """Return whether a LoRA layer is as ``add_adapter`` makes it: one adapter, switched on."""
    names = layer.active_adapters
    is_plain = len(names) == 1 and names[0] not in layer.lora_variant
    return is_plain and not layer.disable_adapters and not layer.merged


def add_lora(layer: Any, x: torch.Tensor, precision: torch.dtype, packing: Any = None) -> torch.Tensor:
    """Return the base layer's output plus the adapter's.

    Args:
        layer: A LoRA layer with one adapter.
        x: Its input.
        precision: In which the base's products run.
        packing: The quantisation state of the base's weights where they are in 4 bits.
    """
    base, (name,) = layer.base_layer, layer.active_adapters
    dropout = layer.lora_dropout[name]
    input_TI = x.to(precision)
    a_KI, b_OK = layer.lora_A[name].weight, layer.lora_B[name].weight
    # Without dropout base layer and adapter see one input, and share the sum of its gradients.
    dropped_TI = None if isinstance(dropout, torch.nn.Identity) else dropout(input_TI)
    parts = (input_TI, base.weight, packing, base.bias, dropped_TI, a_KI, b_OK)
    return _LoraProduct.apply(*parts, layer.scaling[name])  # pyrefly: ignore[bad-return]


class _LoraProduct(torch.autograd.Function):
    """``input · Wᵀ + bias + scaling · dropped · Aᵀ · Bᵀ``, added up in place.

    Products in the precision of W, which is frozen; gradients of A and B in theirs. Where W is in 4 bits only
    its bytes are kept for the backward pass: it is unpacked once more there.
    """

    @staticmethod
    def forward(ctx: Any, *parts: Any) -> torch.Tensor:
        """Take input, W, its packing or None, bias, dropped input (None: the input), A, B and scaling."""
        input_TI, weight, packing, bias_O, dropped_TI, a_KI, b_OK, scaling = parts
        seen_TI = input_TI if dropped_TI is None else dropped_TI
        inner_TK = seen_TI.flatten(0, -2) @ a_KI.to(seen_TI.dtype).T
        ctx.save_for_backward(seen_TI, inner_TK, weight, a_KI, b_OK)
        ctx.scaling, ctx.is_dropped, ctx.packing = scaling, dropped_TI is not None, packing
        weight_OI = weight if packing is None else unpack(weight, packing)
        sum_TO = torch.nn.functional.linear(input_TI.flatten(0, -2), weight_OI, bias_O)
        sum_TO.addmm_(inner_TK, b_OK.to(seen_TI.dtype).T, alpha=scaling)
        return sum_TO.view(*input_TI.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of the input, the dropped input, A and B."""
        (grad_TO,) = grads
        seen_TI, inner_TK, weight, a_KI, b_OK = ctx.saved_tensors
        flat_TO, flat_TI = grad_TO.flatten(0, -2), seen_TI.flatten(0, -2)
        inner_grad_TK = (flat_TO @ b_OK.to(flat_TO.dtype)).mul_(ctx.scaling)
        input_grad = dropped_grad = None
        if ctx.needs_input_grad[0]:  # the first layer's input is the embedding, which is frozen
            weight_OI = weight if ctx.packing is None else unpack(weight, ctx.packing)
            input_grad = flat_TO @ weight_OI
            if not ctx.is_dropped:
                input_grad.addmm_(inner_grad_TK, a_KI.to(flat_TO.dtype))
            input_grad = input_grad.view(seen_TI.shape)
        if ctx.needs_input_grad[4]:
            dropped_grad = (inner_grad_TK @ a_KI.to(flat_TO.dtype)).view(seen_TI.shape)
        a_grad_KI = (inner_grad_TK.T @ flat_TI).to(a_KI.dtype)
        b_grad_OK = (flat_TO.T @ inner_TK).mul_(ctx.scaling).to(b_OK.dtype)
        return input_grad, None, None, None, dropped_grad, a_grad_KI, b_grad_OK, None
