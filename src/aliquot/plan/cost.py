"""What a run takes: adapter size, memory, floating-point operations and time.

Estimates serve to choose; the worker then measures. Formulas: weights and activations after
arXiv 2205.05198, LoRA operations after LoRA Without Regret; the constants are fitted to steps measured with
SmolLM2-135M on two CPU cores and with models of 0.1 to 1.5 billion parameters on an H100
(tests/unit/plan/test_cost.py holds the measurements).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aliquot.core.dataset import TokenProfile
from aliquot.core.model import Architecture
from aliquot.core.plan import Device

UTILISATION = {
    ("cpu", "bfloat16"): 0.4,
    ("cpu", "float32"): 0.7,
    ("gpu", "bfloat16"): 0.28,
    ("gpu", "float32"): 0.28,
}
"""Share of the measured matrix-multiplication peak that a pass reaches beyond its fixed cost. CPU measured;
GPU measured in bfloat16 with a hidden size of 2,048, float32 assumed."""

FULL_HIDDEN_SIZE = 2048
"""On a GPU narrower models reach less: 0.05 was measured with 576, 0.20 with 1,536. Here in proportion."""

PASS_S_PER_LAYER = {"cpu": 0.010, "mps": 0.004, "cuda": 0.013}
"""Fixed cost of one forward and backward pass, per layer. CPU measured (0.31 s for 30 layers), CUDA on one
virtual machine with an H100 (0.40 s for 30), where it is the time to launch kernels; mps assumed."""

DECODE_S_PER_LAYER = {"cpu": 0.002, "mps": 0.001, "cuda": 0.0035}
"""Fixed cost of one decoding step, per layer. Measured as above (62 ms on the CPU, 104 ms on the GPU for 30
layers with an adapter); mps assumed."""

ACTIVATION_BYTES = {
    ("cpu", "bfloat16"): (90.0, 0.0),
    ("cpu", "float32"): (140.0, 0.0),
    ("gpu", "bfloat16"): (42.0, 7.0),
    ("gpu", "float32"): (84.0, 14.0),
}
"""Kept for the backward pass, per token and layer: bytes per hidden unit, and per unit of the MLP's inner
width. CPU measured with one model, which includes autocast's copies; GPU measured in bfloat16 with three
models and dropout (without it a quarter less), float32 taken as twice that."""

ADAPTER_BYTES = 16
"""Per trainable parameter: weight, gradient and two moments of Adam in float32."""

CHECKPOINT_BYTES = 12
"""Per trainable parameter on disk: weight and two moments of Adam in float32."""

LOGIT_BYTES = 12
"""Per trained position and vocabulary entry: float32 logits, their gradient, 16-bit copies. Measured on an
H100: 11.4 to 11.8 with three models."""

RUNTIME_BYTES = 1_000_000_000
"""Python, torch and fragmentation."""

USABLE_MEMORY = 0.85
"""Share of the device's memory that an estimate may fill."""

FOUR_BIT_BITS = 4.127
"""A parameter in NF4: 4 bits, and its share of the constants of its block, themselves quantised (QLoRA)."""

QLORA_SLOWER = 1.5
"""Times a LoRA step on 16-bit weights: LitGPT, Llama 3 8B on an A10G, 22.2 against 14.8 minutes."""

WEIGHT_BYTES = {"bfloat16": 2, "float32": 4}

MLP_NAMES = ("gate_proj", "up_proj", "down_proj", "fc1", "fc2", "dense_h_to_4h", "dense_4h_to_h")
"""Linear layers between the hidden and the intermediate size."""


def lora_parameters(architecture: Architecture, rank: int, target_modules: Iterable[str]) -> int:
    """Return the trainable parameters: rank * (inputs + outputs), summed over adapted layers.

    A layer name that is not known counts as hidden by hidden.
    """
    a = architecture
    queries, keys = a.num_heads * a.head_size, a.num_key_value_heads * a.head_size
    sides = {
        "q_proj": a.hidden_size + queries,
        "k_proj": a.hidden_size + keys,
        "v_proj": a.hidden_size + keys,
        "o_proj": queries + a.hidden_size,
        "qkv_proj": a.hidden_size + queries + 2 * keys,
        "query_key_value": a.hidden_size + queries + 2 * keys,
        "dense": queries + a.hidden_size,
        "gate_up_proj": a.hidden_size + 2 * a.intermediate_size,
        **dict.fromkeys(MLP_NAMES, a.hidden_size + a.intermediate_size),
    }
    per_layer = sum(sides.get(name, 2 * a.hidden_size) for name in target_modules)
    return rank * per_layer * a.num_layers


def trainable_parameters(
    architecture: Architecture, method: str, rank: int, target_modules: Iterable[str]
) -> int:
    """Return the parameters that a method trains: those of the adapter, or all."""
    if method == "full":
        return architecture.num_parameters
    return lora_parameters(architecture, rank, target_modules)


def disk_bytes(num_trainable: int, num_checkpoints_kept: int) -> int:
    """Return the disk space of a run: the weights, and checkpoints with best, last and one being written."""
    num_checkpoints = num_checkpoints_kept + 3
    return num_trainable * (CHECKPOINT_BYTES * num_checkpoints + WEIGHT_BYTES["float32"])


def body_parameters(architecture: Architecture) -> int:
    """Return the parameters that every token passes through: all but embeddings and head."""
    tables = 1 if architecture.ties_embeddings else 2
    return architecture.num_parameters - tables * architecture.vocab_size * architecture.hidden_size


def four_bit_weight_bytes(architecture: Architecture, precision: str) -> float:
    """Return the bytes of a base in NF4 with double quantisation (arXiv 2305.14314), in a pass.

    Linear layers take 4.127 bits a parameter; embeddings, head and norms stay in ``precision``, and so is the
    layer that is being unpacked.
    """
    a = architecture
    linear = body_parameters(a)
    widest = a.hidden_size * max(a.intermediate_size, a.num_heads * a.head_size)
    whole = WEIGHT_BYTES[precision] * (a.num_parameters - linear + widest)
    return FOUR_BIT_BITS / 8 * linear + whole


def distinct_tokens(profile: TokenProfile, rows_per_pass: int) -> int:
    """Return the tokens computed per epoch when passes hold this many rows; shared prefixes count once.

    Between the sizes that were counted it interpolates on the logarithm of the size.
    """
    counted = {1: profile.num_tokens, **profile.prefix_tree_tokens}
    below = max(size for size in counted if size <= rows_per_pass)
    above = min((size for size in counted if size >= rows_per_pass), default=below)
    if below == above:
        return counted[below]
    share = math.log(rows_per_pass / below) / math.log(above / below)
    return round(counted[below] + share * (counted[above] - counted[below]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """One model on one device in one precision; its methods say what work costs there.

    Attributes:
        num_threads: CPU threads used; speed scales with them up to the device's own.
        adapter_parameters: Trainable parameters.
        num_devices: Devices that train together, each with a share of every step's rows.
        is_sharded: Whether each holds only its part of the base.
        recomputes: Whether a layer keeps only its input and is computed again in the backward pass.
        method: ``lora``, ``qlora`` or ``full``.
    """

    architecture: Architecture
    device: Device
    precision: str
    num_threads: int
    adapter_parameters: int
    num_devices: int = 1
    is_sharded: bool = False
    recomputes: bool = False
    method: str = "lora"

    @property
    def flops_per_s(self) -> float:
        """Floating-point operations per second that a pass sustains, without its fixed cost."""
        measured = self.device.gflops
        peak = measured.get(self.precision) or min(measured.values(), default=0.0)
        if not peak:
            raise ValueError("the device was not probed: it has no measured speed")
        used = min(1.0, self.num_threads / self.device.num_threads) if self.device.kind == "cpu" else 1.0
        narrow = 1.0 if self._kind == "cpu" else min(1.0, self.architecture.hidden_size / FULL_HIDDEN_SIZE)
        return 1e9 * peak * used * narrow * UTILISATION[self._kind, self.precision]

    @property
    def _slower(self) -> float:
        """Times the time of a base whose weights need not be unpacked."""
        return QLORA_SLOWER if self.method == "qlora" else 1.0

    @property
    def _kind(self) -> str:
        return "cpu" if self.device.kind == "cpu" else "gpu"

    def train_pass_flops(self, num_tokens: float, num_trained: float, length: float) -> float:
        """Return the operations of forward and backward passes.

        Frozen weights cost 4 per parameter and token, trained ones 6; the head counts only where there is
        loss; attention grows with the row's length.
        """
        a = self.architecture
        attention = 6 * a.num_layers * a.num_heads * a.head_size * length
        head = a.vocab_size * a.hidden_size
        is_full = self.method == "full"
        trained = body_parameters(a) if is_full else self.adapter_parameters
        per_token = (0 if is_full else 4 * body_parameters(a)) + 6 * trained + attention
        if self.recomputes:  # one more forward pass
            per_token += 2 * (body_parameters(a) + (0 if is_full else trained)) + attention / 3
        return num_tokens * per_token + num_trained * (6 if is_full else 4) * head

    def train_epoch_s(self, profile: TokenProfile, num_rows: int, micro_batch_size: int) -> float:
        """Return the seconds of one pass over the training rows."""
        flops = self.train_pass_flops(
            distinct_tokens(profile, micro_batch_size), profile.num_trained_tokens, profile.median
        )
        whole = self._together_s(flops / self.flops_per_s, self._fixed_s(num_rows, micro_batch_size))
        return self._slower * whole / self.num_devices

    def validation_s(self, profile: TokenProfile, num_rows: int, micro_batch_size: int) -> float:
        """Return the seconds of one validation: the forward pass alone, a third of training."""
        forward = 2 * body_parameters(self.architecture) * distinct_tokens(profile, micro_batch_size)
        whole = self._together_s(forward / self.flops_per_s, self._fixed_s(num_rows, micro_batch_size) / 3)
        return self._slower * whole / self.num_devices

    def predict_s(self, num_tokens: int, num_batches: int, num_new_tokens: int, batch_size: int) -> float:
        """Return the seconds to answer.

        Args:
            num_tokens: Distinct prompt tokens of all batches.
            num_batches: Batches of rows answered together.
            num_new_tokens: Decoding steps of a batch: the longest answer in it.
            batch_size: Rows answered together.
        """
        a = self.architecture
        prefill = 2 * body_parameters(a) * num_tokens / self.flops_per_s
        prefill += num_batches * PASS_S_PER_LAYER[self.device.kind] * a.num_layers / 3
        arithmetic = 2 * a.num_parameters * batch_size / self.flops_per_s
        step = DECODE_S_PER_LAYER[self.device.kind] * a.num_layers + arithmetic
        return self._slower * (prefill + num_batches * num_new_tokens * step)

    def memory_bytes(self, pass_tokens: int, trained_positions: int) -> int:
        """Return the memory of a training step.

        Args:
            pass_tokens: Distinct tokens of one forward and backward pass.
            trained_positions: Positions with loss in it.
        """
        a = self.architecture
        per_hidden, per_inner = ACTIVATION_BYTES[self._kind, self.precision]
        per_layer = per_hidden * a.hidden_size + per_inner * a.intermediate_size
        if self.recomputes:  # every layer's input, and the inner values of one layer at a time
            per_token = a.num_layers * WEIGHT_BYTES[self.precision] * a.hidden_size + per_layer
        else:
            per_token = a.num_layers * per_layer
        kept = round(per_token * pass_tokens)
        logits = LOGIT_BYTES * trained_positions * a.vocab_size
        return self.fixed_bytes + kept + logits

    @property
    def fixed_bytes(self) -> int:
        """Memory that no micro-batch size saves: weights, trained ones with optimizer, runtime."""
        if self.method == "full":
            return ADAPTER_BYTES * self.adapter_parameters + RUNTIME_BYTES
        if self.method == "qlora":
            weights = round(four_bit_weight_bytes(self.architecture, self.precision))
        else:
            weights = WEIGHT_BYTES[self.precision] * self.architecture.num_parameters
        if self.is_sharded:
            weights //= self.num_devices
        return weights + ADAPTER_BYTES * self.adapter_parameters + RUNTIME_BYTES

    def fits(self, pass_tokens: int, trained_positions: int) -> bool:
        """Return whether a training step fits the device with room to spare."""
        return self.memory_bytes(pass_tokens, trained_positions) <= USABLE_MEMORY * self.device.memory_bytes

    def _together_s(self, arithmetic_s: float, fixed_s: float) -> float:
        """Return the time of both: a GPU computes while further kernels are launched, a CPU does not."""
        return arithmetic_s + fixed_s if self._kind == "cpu" else max(arithmetic_s, fixed_s)

    def _fixed_s(self, num_rows: int, rows_per_pass: int) -> float:
        passes = math.ceil(num_rows / rows_per_pass)
        return passes * PASS_S_PER_LAYER[self.device.kind] * self.architecture.num_layers


def duration_in_words(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``6 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
