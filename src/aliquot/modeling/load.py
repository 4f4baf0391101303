"""Base models from a prepared folder, in the precision that the plan chose."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from aliquot.errors import MachineError, ModelError
from aliquot.modeling.four_bit import quantisation, require_four_bit, settle_arithmetic
from aliquot.modeling.tree_attention import NAME as TREE_ATTENTION

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def load_base(folder: Path, *, precision: str, device: str, is_4_bit: bool = False) -> PreTrainedModel:
    """Load a causal language model, frozen, in evaluation mode.

    Args:
        folder: A prepared model folder.
        precision: ``bfloat16`` or ``float32``: the number format of the weights.
        device: ``cpu``, ``cuda`` or ``mps``.
        is_4_bit: Whether linear layers are kept in 4 bits (NF4); embeddings, head and norms stay as they are,
            and products run in ``precision``.

    Raises:
        ModelError: The folder's files do not make a model.
        MachineError: The device does not exist here, or its memory is too small, or it cannot do 4 bits.
    """
    require_device(device)
    packing: dict[str, Any] = {}
    if is_4_bit:
        require_four_bit(device)
        # Packed where it will stay: layer by layer, so the device never holds the whole in 16 bits.
        packing = {"quantization_config": quantisation(DTYPES[precision]), "device_map": {"": device}}
    transformers_logging.disable_progress_bar()  # the journal tells what goes on
    try:
        model, loading = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=DTYPES[precision],
            attn_implementation=TREE_ATTENTION,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **packing,
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The model cannot be loaded: {error}",
            code="model_unreadable",
            location=str(folder),
            hint="Fetch it again with `aliquot models fetch`.",
        ) from error
    _require_all_weights(set(loading["missing_keys"]), folder)
    model.requires_grad_(False)
    if is_4_bit:
        settle_arithmetic(model)
    return model.to(device).eval()


def _require_all_weights(missing: set[str], folder: Path) -> None:
    if missing:
        raise ModelError(
            f"{len(missing)} weights are missing, {min(missing)} for one; they would be random numbers.",
            code="weights_missing",
            location=str(folder),
            hint="Fetch the model again, or save it with its language-model head.",
        )


def autocast(model: PreTrainedModel) -> contextlib.AbstractContextManager[object]:
    """Return the context in which to run a model: mixed precision around bfloat16 weights, else none.

    Adapter weights are float32 beside bfloat16 base weights; autocast runs their products in bfloat16.
    """
    if model.dtype == torch.bfloat16:
        return torch.autocast(model.device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def set_determinism(num_threads: int, device: str) -> None:
    """Fix what torch leaves open: threads (they change the order of sums) and kernels.

    Call it before the first product on a GPU: cuBLAS reads its setting once. On a GPU a kernel without a
    deterministic form warns instead of failing; see ``require_determinism``.
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # NVIDIA's remedy for the order of sums
    torch.set_num_threads(num_threads)
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
    # Writing to memory before it is used only shows faults of kernels, at 4 % of the time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyrefly: ignore[missing-attribute]


def require_determinism() -> None:
    """From here on a kernel without a deterministic form fails.

    Flash attention adds up its gradients in a fixed order only when that is required. Every kernel that
    training by flash attention uses has such a form; other paths may not.
    """
    torch.use_deterministic_algorithms(True)


def require_device(device: str) -> None:
    """Raise when torch does not see a device here.

    Raises:
        MachineError: ``device_missing``, with the devices it sees.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device, False):
        found = ", ".join(name for name, is_there in available.items() if is_there)
        raise MachineError(
            f"This machine has no device {device!r}; torch {torch.__version__} sees: {found}.",
            code="device_missing",
            location="train.device",
            hint="Leave the device out to let Aliquot choose, or install the torch build for your device.",
        )
