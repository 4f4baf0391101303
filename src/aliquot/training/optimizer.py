"""AdamW over the trained weights, and the learning rate as a pure function of the step."""

from __future__ import annotations

import math
from typing import Any

import torch

from aliquot.core.spec import TrainingSpec

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def build_optimizer(model: Any, spec: TrainingSpec) -> torch.optim.AdamW:
    """Return AdamW over the parameters that are trained, in the order of the model."""
    parameters = trained_parameters(model)
    return torch.optim.AdamW(
        parameters,
        lr=spec.learning_rate,
        betas=BETAS,
        eps=EPSILON,
        weight_decay=spec.weight_decay,
        # One parameter after the other on a CPU, all in one kernel on a GPU; the sums are the same.
        foreach=parameters[0].is_cuda,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, step: int, spec: TrainingSpec) -> float:
    """Give every parameter the learning rate of a step, and return it."""
    rate = learning_rate_at(step, spec)
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def trained_parameters(model: Any) -> list[torch.nn.Parameter]:
    """Return the parameters with gradients."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def learning_rate_at(step: int, spec: TrainingSpec) -> float:
    """Return the rate of step ``step`` (from 0): warm-up, then linear or cosine to zero, or constant."""
    warmup = spec.warmup_steps
    if step < warmup:
        return spec.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, spec.num_steps - warmup)
    match spec.schedule:
        case "constant":
            return spec.learning_rate
        case "cosine":
            return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        case _:
            return spec.learning_rate * (1 - progress)
