"""What a base would take on a device before its plan is made: with the usual layers and rank."""

from __future__ import annotations

from dataclasses import replace

from aliquot.config.given import GivenSettings
from aliquot.core.model import Architecture
from aliquot.core.plan import Device
from aliquot.plan import rules
from aliquot.plan.cost import CostModel, trainable_parameters

ASSUMED_RANK = 16


def rough_cost(sizes: Architecture, given: GivenSettings, device: Device, method: str) -> CostModel:
    """Return the cost model of a base trained by a method; what the user has set holds."""
    layers = given.find("train.target_modules") or rules.target_modules(sizes).value
    rank = given.find("train.lora_rank") or ASSUMED_RANK
    return CostModel(
        architecture=sizes,
        device=device,
        precision=given.find("train.precision") or rules.precision(device, method).value,
        num_threads=given.find("train.num_threads") or device.num_threads,
        adapter_parameters=trainable_parameters(sizes, method, rank, layers),
        method=method,
    )


def least_cost(cost: CostModel, given: GivenSettings) -> CostModel:
    """Return the cost with inner values computed again, as a plan does where they cannot be kept.

    Unless the user forbids it.
    """
    return cost if given.find("train.activation_checkpointing") is False else replace(cost, recomputes=True)
