"""The rule for what is trained: LoRA; beside 4-bit weights only where 16 bits do not fit."""

from __future__ import annotations

from dataclasses import replace

from aliquot.core.model import Architecture
from aliquot.core.plan import Choice, Device
from aliquot.core.spec import StartingPoint
from aliquot.plan.cost import USABLE_MEMORY, CostModel
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import LORA_LEARNS_LESS, LORA_WITHOUT_REGRET, OURS, QLORA

MIN_4_BIT_PARAMETERS = 10**9
"""Smaller bases lose more than they save. QLoRA found no loss from 7 billion parameters on; 135 million went
from 3.62 to 5.14 nats per token before any training (docs/experiments.md). The limit between is ours."""


def may_quantise(sizes: Architecture, device: Device) -> bool:
    """Return whether 4-bit weights run on a device, and a base is large enough to bear them."""
    return device.runs_4_bit and sizes.num_parameters >= MIN_4_BIT_PARAMETERS


def method(lora: CostModel, step: tuple[int, int], start: StartingPoint | None = None) -> Choice:
    """Choose what is trained: low-rank matrices; beside 4-bit weights where 16-bit ones do not fit.

    Args:
        lora: What LoRA takes at least: inner values are computed again unless the user forbids it.
        step: Tokens and trained positions of the smallest pass.
        start: The adapter that training continues from, which stays beside the weights it was trained beside.
    """
    four_bit = replace(lora, method="qlora")
    is_short = not lora.fits(*step)
    may, fits = may_quantise(lora.architecture, lora.device), four_bit.fits(*step)
    continues = start is not None and start.method == "qlora"
    needed, needed_4, have = (
        f"{number / 1e9:.1f} GB"
        for number in (lora.memory_bytes(*step), four_bit.memory_bytes(*step), lora.device.memory_bytes)
    )
    limit = f"{USABLE_MEMORY:.0%} of {have}"
    if continues:
        reason = "The adapter that training continues from was trained beside 4-bit weights."
    elif is_short and may and fits:
        reason = f"LoRA needs about {needed}, more than {limit}; beside 4-bit weights (NF4) {needed_4}."
    else:
        reason = (
            "On small and medium supervised data LoRA learns as well as training all weights, with a "
            f"fraction of the memory, and forgets less. It needs at least {needed} of {have}"
        )
        reason += f", above the {limit} it may fill: {_why_not(lora, fits=fits)}." if is_short else "."
    return choose(
        "train.method",
        "qlora" if continues or (is_short and may and fits) else "lora",
        reason=reason,
        source=f"{LORA_WITHOUT_REGRET}; {LORA_LEARNS_LESS}; {QLORA}; least size {OURS}",
        inputs={
            "num_parameters": lora.architecture.num_parameters,
            "memory_bytes": lora.device.memory_bytes,
            "needed_bytes": lora.memory_bytes(*step),
            "needed_bytes_4_bit": four_bit.memory_bytes(*step),
            "runs_4_bit": lora.device.runs_4_bit,
        },
        alternatives=(
            "qlora: for a base that does not fit in 16 bits; slower, and its weights are rounded.",
            "full: for much data that is far from what the base has seen, such as code and mathematics.",
        ),
    )


def _why_not(lora: CostModel, *, fits: bool) -> str:
    """Return why 4-bit weights do not help, as part of a sentence."""
    if not fits:
        return "4-bit weights would not fit either"
    if lora.architecture.num_parameters < MIN_4_BIT_PARAMETERS:
        return "the base is too small to be put into 4 bits"
    return f"4-bit weights would, but {lora.device.why_not_4_bit or 'they do not run on this device'}"
