"""LoRA adapters through PEFT: the one table that translates our names into PEFT's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from aliquot.core.model import PreparedModel
from aliquot.core.spec import TrainingSpec
from aliquot.errors import InputError, ModelError
from aliquot.modeling.four_bit import is_four_bit
from aliquot.modeling.lora_layer import LoraLinear

WEIGHTS = "adapter_model.safetensors"


def add_adapter(base: PreTrainedModel, spec: TrainingSpec) -> PeftModel:
    """Put fresh LoRA matrices beside the chosen linear layers; only they are trained.

    A is drawn from the run's seed, B is zero, so the tuned model starts as the base model.

    Raises:
        InputError: A target module matches no linear layer of this model.
    """
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=spec.lora_rank,
        lora_alpha=spec.lora_alpha,
        lora_dropout=spec.lora_dropout,
        target_modules="all-linear" if spec.target_modules == ("all-linear",) else list(spec.target_modules),
    )
    config._register_custom_module(_layers(base))
    torch.manual_seed(spec.seed)
    try:
        return cast(PeftModel, get_peft_model(base, config))
    except ValueError as error:
        raise InputError(
            f"No linear layer matches {list(spec.target_modules)}: {error}",
            code="target_modules_unmatched",
            location="train.target_modules",
            hint="Leave it out to adapt every linear layer.",
        ) from error


def _layers(base: PreTrainedModel) -> dict[type[torch.nn.Module], type[torch.nn.Module]]:
    """Return our LoRA layers by the base layers they stand beside; PEFT takes the first that fits."""
    if not is_four_bit(base):
        return {torch.nn.Linear: LoraLinear}
    from bitsandbytes.nn import Linear4bit

    from aliquot.modeling.lora_4_bit_layer import LoraLinear4bit

    return {Linear4bit: LoraLinear4bit, torch.nn.Linear: LoraLinear}


def adapter_tensors(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the adapter's weights under PEFT's file names."""
    state = get_peft_model_state_dict(model)
    return {name: tensor.detach().to("cpu").contiguous() for name, tensor in state.items()}


def set_adapter_tensors(model: PeftModel, tensors: dict[str, torch.Tensor]) -> None:
    """Put weights into the adapter; every tensor must find its place.

    Raises:
        ModelError: Names or shapes do not fit (``adapter_mismatch``).
    """
    expected = adapter_tensors(model)
    if expected.keys() != tensors.keys():
        odd = sorted(expected.keys() ^ tensors.keys())
        raise ModelError(
            f"The adapter has {len(tensors)} tensors, this model wants {len(expected)}; "
            f"the first odd one is {odd[0]}.",
            code="adapter_mismatch",
            hint="The adapter was trained on another base model or with other target modules.",
        )
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise ModelError(
                f"{name} has the shape {tuple(tensor.shape)}, this model wants "
                f"{tuple(expected[name].shape)}.",
                code="adapter_mismatch",
                hint="The adapter was trained on another base model or with another rank.",
            )
    set_peft_model_state_dict(model, tensors)


def save_adapter(model: PeftModel, folder: Path, *, prepared: PreparedModel) -> None:
    """Write the adapter as PEFT reads it.

    It names the base model as published, with its revision, never a path of this machine.
    """
    config = model.peft_config["default"].to_dict()
    config["inference_mode"] = True
    config["base_model_name_or_path"] = published_name(prepared)
    config["revision"] = prepared.revision
    config["target_modules"] = sorted(cast(set[str], config["target_modules"]))
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, default=str), encoding="utf-8")
    save_file(adapter_tensors(model), folder / WEIGHTS, metadata={"format": "pt"})


def published_name(prepared: PreparedModel) -> str:
    """Return the base model's name as others know it: the Hub id, the package, or its short name."""
    source = prepared.source
    return source.location if source.kind in ("hub", "package") else source.name


def load_adapter(base: PreTrainedModel, folder: Path) -> PeftModel:
    """Put a saved adapter on its base model, for answering.

    Raises:
        ModelError: The folder is no adapter, or one for another base model.
    """
    if not (folder / WEIGHTS).is_file():
        raise ModelError(
            f"No adapter here: {WEIGHTS} is missing.",
            code="adapter_missing",
            location=str(folder),
            hint="Train first: `aliquot train` or `aliquot resume`.",
        )
    config = cast(LoraConfig, LoraConfig.from_pretrained(str(folder)))
    config.inference_mode = False  # PEFT skips the float32 upcast of adapters in inference mode
    config.base_model_name_or_path = None  # where the base lies here is the caller's knowledge
    config._register_custom_module(_layers(base))
    model = cast(PeftModel, get_peft_model(base, config))
    set_adapter_tensors(model, load_file(folder / WEIGHTS))
    model.requires_grad_(False)
    return model.eval()
