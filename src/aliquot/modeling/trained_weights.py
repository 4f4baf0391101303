"""The weights that training changes, under the names of their file: an adapter's, or a whole model's.

The one place that knows both kinds; the loop and the checkpoints handle either.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from aliquot.core.model import PreparedModel
from aliquot.core.spec import TrainingSpec
from aliquot.errors import ModelError
from aliquot.modeling import adapter
from aliquot.modeling.load import load_base

MODEL_WEIGHTS = "model.safetensors"
MAX_SHARD_SIZE = "5GB"
"""Larger models are published in several files, as on the Hub."""

READING_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def make_trainable(base: Any, spec: TrainingSpec) -> Any:
    """Return the model as the method trains it: with a fresh adapter, or with all its weights released.

    Raises:
        InputError: A target module matches no linear layer of this model.
    """
    return adapter.add_adapter(base, spec) if spec.has_adapter else base.requires_grad_(True)


def weights_file(model: Any) -> str:
    """Return the name of the file that a checkpoint keeps the trained weights in."""
    return adapter.WEIGHTS if isinstance(model, PeftModel) else MODEL_WEIGHTS


def trained_tensors(model: Any) -> dict[str, torch.Tensor]:
    """Return the trained weights by name, on the CPU; tied weights once."""
    if isinstance(model, PeftModel):
        return adapter.adapter_tensors(model)
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in model.named_parameters()}


def set_trained_tensors(model: Any, tensors: dict[str, torch.Tensor]) -> None:
    """Put weights into the model; every tensor must find its place.

    Raises:
        ModelError: Names do not fit (``adapter_mismatch``, ``weights_mismatch``).
    """
    if isinstance(model, PeftModel):
        adapter.set_adapter_tensors(model, tensors)
        return
    expected = dict(model.named_parameters())
    odd = sorted(expected.keys() ^ tensors.keys())
    if odd:
        raise ModelError(
            f"The checkpoint has {len(tensors)} tensors, this model wants {len(expected)}; "
            f"the first odd one is {odd[0]}.",
            code="weights_mismatch",
            hint="The checkpoint is one of another base model.",
        )
    with torch.no_grad():
        for name, parameter in expected.items():
            parameter.copy_(tensors[name])


def save_trained(model: Any, folder: Path, *, model_dir: Path, prepared: PreparedModel) -> None:
    """Write a folder that is complete without this program: weights, configuration, tokenizer and template.

    An adapter is written as PEFT reads it, a whole model as transformers does, in float32 as it was trained.
    """
    if isinstance(model, PeftModel):
        adapter.save_adapter(model, folder, prepared=prepared)
    else:
        model.save_pretrained(folder, max_shard_size=MAX_SHARD_SIZE)
    for name in READING_FILES:
        shutil.copyfile(model_dir / name, folder / name)


def load_tuned(
    base_dir: Path, weights_dir: Path, *, precision: str, device: str, is_4_bit: bool = False
) -> Any:
    """Load what a run has trained, for answering.

    Args:
        base_dir: The prepared base model.
        weights_dir: ``adapter/`` or ``model/`` of the run.
        precision: ``bfloat16`` or ``float32``.
        device: ``cpu``, ``cuda`` or ``mps``.
        is_4_bit: Whether the adapter was trained beside a base in 4 bits, and so is to be served beside one.

    Raises:
        ModelError: A folder's files do not make a model.
    """
    if (weights_dir / "config.json").is_file():
        return load_base(weights_dir, precision=precision, device=device)
    base = load_base(base_dir, precision=precision, device=device, is_4_bit=is_4_bit)
    return adapter.load_adapter(base, weights_dir)
