"""A base whose linear layers are kept in 4 bits (NF4 with double quantisation), by bitsandbytes.

The package is optional: nothing here imports it before it is asked for. Its weights are packed bytes; a pass
unpacks one layer at a time, to the number format that the weights were loaded in.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import BitsAndBytesConfig

from aliquot.errors import MachineError

INSTALL = "pip install 'aliquot[qlora]'"
QUANT_TYPE = "nf4"
MAX_TRIAL_ERROR = 0.2
"""Relative norm: NF4 of normally distributed weights is off by 0.1; a broken kernel by 1 and more."""


def quantisation(precision: torch.dtype) -> BitsAndBytesConfig:
    """Return how a base is packed while it is loaded; products run in ``precision``."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=QUANT_TYPE,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=precision,
    )


def is_four_bit(model: Any) -> bool:
    """Return whether a model was loaded in 4 bits."""
    return bool(getattr(model, "is_loaded_in_4bit", False))


def settle_arithmetic(model: Any) -> None:
    """Let every 4-bit layer compute alike in training and in answering, on every processor.

    On some CPUs bitsandbytes repacks the weights as soon as no gradient is needed, for a kernel that rounds
    otherwise; a layer repacked by a validation could not be trained on.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def unpack(packed: torch.Tensor, state: Any) -> torch.Tensor:
    """Return the weights of a layer, outputs by inputs, from its bytes and their quantisation state."""
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(packed, state)


def find_obstacle(device: str) -> str:
    """Try a small 4-bit layer on a device; return why it does not work, or an empty text."""
    try:
        import bitsandbytes
    except ImportError as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == "bitsandbytes"
        return "bitsandbytes is not installed" if is_missing else f"bitsandbytes cannot be imported: {error}"
    generator = torch.Generator().manual_seed(0)
    weight_OI, input_TI = (torch.randn(64, 128, generator=generator) for _ in range(2))
    try:
        layer: Any = bitsandbytes.nn.Linear4bit(128, 64, bias=False, quant_type=QUANT_TYPE)
        layer.load_state_dict({"weight": weight_OI})
        layer = layer.to(device)
        input_TI = input_TI.to(device).requires_grad_(True)
        layer(input_TI).sum().backward()
        whole_OI = unpack(layer.weight, layer.weight.quant_state).cpu()
    except (RuntimeError, ValueError, NotImplementedError, AttributeError, OSError) as error:
        reason = str(error).partition("\n")[0]
        return f"a 4-bit layer does not run on this {device} device: {reason}"
    off = ((whole_OI - weight_OI).norm() / weight_OI.norm()).item()
    is_right = off < MAX_TRIAL_ERROR and input_TI.grad is not None and bool(input_TI.grad.isfinite().all())
    return "" if is_right else f"a 4-bit layer gives wrong numbers on this {device} device (off by {off:.2g})"


def require_four_bit(device: str) -> None:
    """Raise when 4-bit weights cannot be used here.

    Raises:
        MachineError: ``four_bit_missing``, with what is in the way.
    """
    obstacle = find_obstacle(device)
    if obstacle:
        raise MachineError(
            f"The base was to be loaded in 4 bits, but {obstacle}.",
            code="four_bit_missing",
            location="train.method",
            hint=f"`{INSTALL}` brings bitsandbytes; it runs on NVIDIA GPUs and on CPUs.",
        )
