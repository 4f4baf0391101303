"""A base model spread over several devices: each holds a part of every layer's frozen weights.

PyTorch's fully_shard (FSDP2) gathers a layer's weights just before they are needed and lets them go after.
Frozen weights have no gradient, so nothing else is exchanged; the adapter is small and stays whole on every
device. Embeddings and head stay whole too: they are needed outside of layers.
"""

from __future__ import annotations

from typing import Any

from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from aliquot.errors import ModelError


def shard_layers(model: Any, device: str) -> None:
    """Spread the layers of a model with an adapter over the process group, in place.

    Layers go to the device one by one, so it never holds the whole model.

    Args:
        model: A PEFT model whose base lies on the CPU.
        device: ``cpu`` or ``cuda``.

    Raises:
        ModelError: The model's layers are not found (``sharding_unsupported``).
    """
    language_model = model.get_base_model()
    layers = getattr(language_model.base_model, "layers", None)
    if layers is None:
        raise ModelError(
            f"No list of layers was found in a {language_model.config.model_type} model.",
            code="sharding_unsupported",
            location="train.sharding",
            hint="Train on one device: train.num_devices 1.",
        )
    mesh = init_device_mesh(device, (distributed.get_world_size(),))
    spread = {
        parameter for layer in layers for parameter in layer.parameters() if not parameter.requires_grad
    }
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor not in spread:
            tensor.data = tensor.data.to(device)
    whole = {parameter for parameter in model.parameters() if parameter not in spread}
    for layer in layers:
        layer.to(device)
        fully_shard(layer, mesh=mesh, ignored_params=whole, reshard_after_forward=True)
    # The body as the root of its layers lets a layer's weights come while the layer before is computed.
    fully_shard(language_model.base_model, mesh=mesh, ignored_params=whole)
