"""Rules for how training runs on a machine: device, precision, micro-batch, lengths, intervals, time."""

from __future__ import annotations

import math

from aliquot.core.dataset import TokenProfile
from aliquot.core.plan import Choice, Device
from aliquot.plan.cost import CostModel, distinct_tokens, duration_in_words
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import LIMA, MIXED_PRECISION, OURS, QLORA

FASTER = 1.2
"""How many times faster bfloat16 must be to be worth its rounding."""

BEST_PASS_TOKENS = {"cpu": 1024, "cuda": 16_384}
"""Distinct tokens per pass beyond which a pass gains little: on a CPU more only cost cache misses; on an H100
models from a billion parameters have reached their speed."""

LENGTH_STEP = 64
NUM_VALIDATIONS = 10
MAX_VALIDATION_SHARE = 0.2
"""Share of training time that validations may take together; two are made in any case."""

CHECKPOINT_EVERY_S = 300.0


def device(probed: Device) -> Choice:
    """Choose where to train: the device that was probed."""
    return choose(
        "train.device",
        probed.kind,
        reason=f"The fastest device found: {probed.name}, {probed.memory_bytes / 1e9:.0f} GB.",
        source=f"{OURS}, a probe of this machine",
        inputs={"name": probed.name, "memory_bytes": probed.memory_bytes},
    )


def precision(probed: Device, method: str = "lora") -> Choice:
    """Choose the format of the base weights: bfloat16 where the probe found it faster, if they are frozen."""
    if method == "full":
        return choose(
            "train.precision",
            "float32",
            reason="All weights are trained: bfloat16 has 8 significant bits and swallows updates smaller "
            "than 1/256 of a weight.",
            source=f"{MIXED_PRECISION} (float32 master weights)",
            inputs={"method": method},
        )
    half, full = (probed.gflops.get(name, 0.0) for name in ("bfloat16", "float32"))
    is_faster = half >= FASTER * full and half > 0
    return choose(
        "train.precision",
        "bfloat16" if is_faster else "float32",
        reason=f"Measured here: bfloat16 {half:,.0f}, float32 {full:,.0f} GFLOP/s; bfloat16 is taken when "
        f"it is at least {FASTER} times as fast. Adapter weights stay float32.",
        source=f"{OURS}, a probe of this machine; {QLORA} (float16 fails more often)",
        inputs={"gflops": probed.gflops, "cpu_capability": probed.cpu_capability},
        alternatives=("float32 to compare with other machines digit by digit; twice the memory.",),
    )


def num_threads(probed: Device) -> Choice:
    """Choose the CPU threads: those the probe found."""
    return choose(
        "train.num_threads",
        probed.num_threads,
        reason=f"{probed.num_threads} threads found. The number is part of the record: sums differ in the "
        "last digits with another.",
        source=f"{OURS}, a probe of this machine",
        inputs={"num_threads": probed.num_threads},
        alternatives=("Fewer on a shared machine: a busy core slows all threads.",),
    )


def max_seq_len(longest: int, context_window: int) -> Choice:
    """Choose the longest row accepted: the longest there is, rounded up to 64, within the window."""
    rounded = LENGTH_STEP * math.ceil(longest / LENGTH_STEP)
    return choose(
        "train.max_seq_len",
        min(max(rounded, LENGTH_STEP), context_window),
        reason=f"The longest row has {longest:,} tokens, rounded up to {LENGTH_STEP}; the model takes "
        f"{context_window:,}. Nothing is ever cut.",
        source=f"{OURS}: cutting from the right removes the answer",
        inputs={"longest": longest, "context_window": context_window},
    )


def micro_batch_size(batch_size: int, num_rows: int, profile: TokenProfile, cost: CostModel) -> Choice:
    """Choose rows per pass: the batch, halved until it fits memory and the tokens that are fastest.

    These are 1,024 distinct tokens on a CPU and 16,384 on an NVIDIA GPU.
    """
    size = batch_size
    while size > 1 and not _suits(size, num_rows, profile, cost):
        size = math.ceil(size / 2)
    tokens, passes = math.ceil(pass_tokens(size, num_rows, profile)), math.ceil(batch_size / size)
    kind = cost.device.kind
    why = (
        "fits memory"
        if kind == "mps"
        else f"fits memory and is fast on a {'CPU' if kind == 'cpu' else 'GPU'}"
    )
    return choose(
        "train.micro_batch_size",
        size,
        reason=f"About {tokens:,} distinct tokens per pass, which {why}; {passes} per step. The result does "
        "not depend on it: the loss is averaged over the trained tokens of the whole step.",
        source=f"{OURS}, measured on two CPU cores and an H100; memory after arXiv 2205.05198",
        inputs={"batch_size": batch_size, "pass_tokens": tokens, "memory_bytes": cost.device.memory_bytes},
        alternatives=("Smaller when memory runs out; on a GPU a pass that does not fit is cut by itself.",),
    )


def pass_tokens(rows_per_pass: int, num_rows: int, profile: TokenProfile) -> float:
    """Return the mean distinct tokens of one pass."""
    return distinct_tokens(profile, rows_per_pass) / max(1, math.ceil(num_rows / rows_per_pass))


def longest_pass(rows_per_pass: int, num_rows: int, profile: TokenProfile) -> tuple[int, int]:
    """Return tokens and trained positions of a heavy pass: rows of mean size and the longest."""
    tokens = pass_tokens(rows_per_pass, num_rows, profile) + profile.longest
    trained = rows_per_pass * profile.num_trained_tokens / num_rows + profile.longest_reference
    return math.ceil(tokens), math.ceil(trained)


def _suits(size: int, num_rows: int, profile: TokenProfile, cost: CostModel) -> bool:
    most = BEST_PASS_TOKENS.get(cost.device.kind, math.inf)
    is_quick = pass_tokens(size, num_rows, profile) <= most
    return is_quick and cost.fits(*longest_pass(size, num_rows, profile))


def validation_interval_steps(num_steps: int, train_s: float, validation_s: float | None) -> Choice:
    """Choose the steps between validations: ten in a run, fewer when they would take over a fifth of it.

    Args:
        num_steps: Steps of the run.
        train_s: Estimated time of these steps.
        validation_s: Estimated time of one validation; None without validation rows.
    """
    if validation_s is None:
        count, why = 1, "There are no validation rows: no validation takes place."
    else:
        affordable = int(MAX_VALIDATION_SHARE * train_s / validation_s)
        count = min(max(affordable, 2), NUM_VALIDATIONS)
        why = (
            f"{count} validations in {num_steps} steps: {NUM_VALIDATIONS}, or fewer so that they take "
            f"at most a fifth of training, at least 2; one takes about {duration_in_words(validation_s)}."
        )
    return choose(
        "train.validation_interval_steps",
        math.ceil(num_steps / count),
        reason=why,
        source=f"{OURS}; {LIMA} chose its checkpoint on held-out rows, as loss and quality part ways",
        inputs={"num_steps": num_steps, "train_s": round(train_s, 1), "validation_s": validation_s},
    )


def checkpoint_interval_steps(validation_interval_steps: int, step_s: float) -> Choice:
    """Choose the steps between checkpoints: at each validation, and at least every five minutes."""
    parts = math.ceil(validation_interval_steps * step_s / CHECKPOINT_EVERY_S)
    return choose(
        "train.checkpoint_interval_steps",
        max(1, validation_interval_steps // max(1, parts)),
        reason="At every validation, so that the best one can be kept, and at least every five minutes: a "
        "crash costs no more.",
        source=OURS,
        inputs={"validation_interval_steps": validation_interval_steps, "step_s": round(step_s, 3)},
    )


def num_checkpoints_kept() -> Choice:
    """Choose how many checkpoints stay beside the best and the last."""
    return choose(
        "train.num_checkpoints_kept",
        1,
        reason="One older checkpoint, should the last be damaged; best and last are kept in any case.",
        source=OURS,
    )


def early_stopping_patience(num_validation_rows: int) -> Choice:
    """Choose the validations without improvement before training ends: 3; never without validation rows."""
    return choose(
        "train.early_stopping_patience",
        3 if num_validation_rows else 0,
        reason=f"{num_validation_rows:,} validation rows: three validations without improvement end training."
        if num_validation_rows
        else "There are no validation rows: training runs to its end.",
        source=f"{OURS}, after {LIMA}",
        inputs={"num_validation_rows": num_validation_rows},
        alternatives=("0 to see the whole curve.",),
    )


def time_budget_s() -> Choice:
    """Choose no limit: only the user knows how long she can wait."""
    return choose(
        "train.time_budget_s",
        None,
        reason="No limit was set. With one, the plan takes fewer epochs, then fewer steps, and says so.",
        source=OURS,
    )
