"""Rules for how training runs on a machine: device, precision, micro-batch, lengths, intervals, time."""

from __future__ import annotations

import math

from aliquot.core.dataset import TokenProfile
from aliquot.core.plan import Choice, Device
from aliquot.plan.cost import CostModel, distinct_tokens, duration_in_words
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.plain_text import text_window
from aliquot.plan.rules.sources import CHECKPOINTING, LIMA, MIXED_PRECISION, OURS, QLORA
from aliquot.tokenization.batches import pack_limit

FASTER = 1.2
"""How many times faster bfloat16 must be to be worth its rounding."""

BEST_PASS_TOKENS = {"cpu": 1024, "cuda": 16_384}
"""Distinct tokens per pass beyond which a pass gains little: on a CPU more only cost cache misses; on an H100
models from a billion parameters have reached their speed."""

MAX_COMPUTED_AGAIN = 0.05
"""Share of the tokens that passes of half the rows may compute again to be of the fastest size. Ours."""

LENGTH_STEP = 64
NUM_VALIDATIONS = 10
MAX_VALIDATION_SHARE = 0.2
"""Share of training time that validations may take together; two are made in any case."""

SHARD_FROM = 0.6
"""Share of a device's memory from which on the base is spread: passes need the rest."""

CHECKPOINT_EVERY_S = 300.0
MAX_LOST_SHARE = 0.05
"""Share of the steps of a run that a crash may cost."""

MIN_LOSS_ROWS, MAX_LOSS_ROWS = 32, 1000
LOSS_ROWS_SHARE = 0.02
"""Of the rows that training passes through; three splits, twice, forward only: about 5 % of its time."""


def device(probed: Device) -> Choice:
    """Choose where to train: the device that was probed."""
    return choose(
        "train.device",
        probed.kind,
        reason=f"The fastest device found: {probed.name}, {probed.memory_bytes / 1e9:.0f} GB.",
        source=f"{OURS}, a probe of this machine",
        inputs={"name": probed.name, "memory_bytes": probed.memory_bytes},
        alternatives=("cpu: to compare with machines without an accelerator; slower.",),
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
        alternatives=("float32: to compare with other machines digit by digit; twice the memory.",),
    )


def num_devices(probed: Device) -> Choice:
    """Choose all GPUs there are; on a CPU one process, which uses all cores already."""
    return choose(
        "train.num_devices",
        probed.num_devices,
        reason=f"{probed.num_devices} found."
        if probed.kind == "cuda"
        else "One process uses all cores by its threads.",
        source=f"{OURS}, a probe of this machine",
        inputs={"num_devices": probed.num_devices, "kind": probed.kind},
        alternatives=("1: leaves the others free; the result is the same up to rounding.",),
    )


def sharding(num_devices: int, whole_bytes: int, probed: Device, method: str = "lora") -> Choice:
    """Choose to spread the base over the devices only where one alone cannot hold it.

    Args:
        num_devices: Devices that train together.
        whole_bytes: What a device needs that holds the whole base, before any pass.
        probed: One of them.
        method: Weights in 4 bits are never spread.
    """
    is_too_large = whole_bytes > SHARD_FROM * probed.memory_bytes and method != "qlora"
    return choose(
        "train.sharding",
        "full" if num_devices > 1 and is_too_large else "none",
        reason=f"The whole base takes {whole_bytes / 1e9:.1f} of {probed.memory_bytes / 1e9:.1f} GB on each "
        f"of {num_devices} devices; spreading it costs an exchange of weights at every layer."
        if num_devices > 1
        else "There is one device.",
        source=f"{OURS}; FSDP2 (PyTorch fully_shard)",
        inputs={"num_devices": num_devices, "whole_bytes": whole_bytes, "memory_bytes": probed.memory_bytes},
        alternatives=("full: leaves more memory to longer rows, at the price of exchanging weights.",),
    )


def activation_checkpointing(tokens: int, trained_positions: int, cost: CostModel) -> Choice:
    """Choose to compute inner values again only where the smallest pass would not fit otherwise.

    Args:
        tokens: Of the smallest pass, as ``longest_pass`` reckons it: the estimate refuses what it refuses.
        trained_positions: Positions with loss in it.
        cost: The device and the model, inner values kept.
    """
    needed, have = cost.memory_bytes(tokens, trained_positions), cost.device.memory_bytes
    return choose(
        "train.activation_checkpointing",
        not cost.fits(tokens, trained_positions),
        reason=f"A pass with the longest row needs at least {needed / 1e9:.1f} of {have / 1e9:.1f} GB when "
        "all inner values are kept. Computing them again takes a third longer; the gradient is the same.",
        source=CHECKPOINTING,
        inputs={"tokens": tokens, "needed_bytes": needed, "memory_bytes": have},
        alternatives=("true: fits longer passes at a third more time.",),
    )


def num_threads(probed: Device, num_devices: int) -> Choice:
    """Choose the CPU threads of each process: those the probe found, shared out."""
    each = max(1, probed.num_threads // num_devices) if probed.kind == "cpu" else probed.num_threads
    shared = f", shared by {num_devices} processes" if num_devices > 1 else ""
    return choose(
        "train.num_threads",
        each,
        reason=f"{probed.num_threads} threads found{shared}. The number is part of the record: "
        "sums differ in the last digits with another.",
        source=f"{OURS}, a probe of this machine",
        inputs={"num_threads": probed.num_threads, "num_devices": num_devices},
        alternatives=("fewer: on a shared machine, where a busy core slows all threads.",),
    )


def max_seq_len(longest: int, context_window: int, objective: str = "supervised") -> Choice:
    """Choose the longest row accepted: the longest there is, rounded up to 64, within the window.

    Of plain texts it is the window that they are cut into.
    """
    if objective == "text":
        return text_window(context_window)
    rounded = LENGTH_STEP * math.ceil(longest / LENGTH_STEP)
    return choose(
        "train.max_seq_len",
        min(max(rounded, LENGTH_STEP), context_window),
        reason=f"The longest row has {longest:,} tokens, rounded up to {LENGTH_STEP}; the model takes "
        f"{context_window:,}. Nothing is ever cut.",
        source=f"{OURS}: cutting from the right removes the answer",
        inputs={"longest": longest, "context_window": context_window},
        alternatives=("less: refuses the longer rows by name; it never cuts them.",),
    )


def micro_batch_size(batch_size: int, num_rows: int, profile: TokenProfile, cost: CostModel) -> Choice:
    """Choose rows per pass: the batch, halved until it fits memory and the tokens that are fastest.

    These are 1,024 distinct tokens on a CPU and 16,384 on an NVIDIA GPU. Where rows share a prefix so long
    that smaller passes would compute it again and again, they stay together.
    """
    size = math.ceil(batch_size / cost.num_devices)
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
        alternatives=("smaller: when memory runs out; on a GPU a pass that does not fit is cut by itself.",),
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
    halves = distinct_tokens(profile, math.ceil(size / 2)) / distinct_tokens(profile, size)
    tokens = pass_tokens(size, num_rows, profile)
    is_one_pass = tokens <= pack_limit(cost.device.kind, profile.longest)
    is_quick = tokens <= most or (is_one_pass and halves > 1 + MAX_COMPUTED_AGAIN)
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
        alternatives=("once an epoch: coarser; the best checkpoint may lie between.",),
    )


def checkpoint_interval_steps(validation_interval_steps: int, step_s: float, num_steps: int) -> Choice:
    """Choose the steps between checkpoints: at most five minutes and at most 5 % of the run, at least one."""
    most = max(1.0, min(MAX_LOST_SHARE * num_steps, CHECKPOINT_EVERY_S / step_s if step_s else math.inf))
    parts = math.ceil(validation_interval_steps / most)
    return choose(
        "train.checkpoint_interval_steps",
        max(1, validation_interval_steps // parts),
        reason="At least every five minutes and every twentieth of the run: a crash costs no more. The "
        "worker also saves by the clock when steps take longer than estimated.",
        source=OURS,
        inputs={
            "validation_interval_steps": validation_interval_steps,
            "step_s": round(step_s, 3),
            "num_steps": num_steps,
        },
        alternatives=("less often: saves disk writes; a crash costs more.",),
    )


def select_by() -> Choice:
    """Choose what picks the checkpoint: the loss of the validation rows, which costs no answers."""
    return choose(
        "train.select_by",
        "loss",
        reason="Loss of the answer tokens: smooth on few rows, and for closed labels the label's own "
        "likelihood. The metric is taken when you ask for it, as it costs an answer to every validation row.",
        source=f"{OURS}; {LIMA} found that loss and the quality of long answers part ways, and chose by hand",
        alternatives=("metric: when answers are long and validation rows many; ties go by loss.",),
    )


def num_loss_rows(num_steps: int, batch_size: int) -> Choice:
    """Choose the rows whose own loss is measured: 2 % of the rows that training sees, within [32, 1000]."""
    seen = num_steps * batch_size
    wanted = round(LOSS_ROWS_SHARE * seen)
    return choose(
        "train.num_loss_rows",
        min(max(wanted, MIN_LOSS_ROWS), MAX_LOSS_ROWS),
        reason=f"2 % of the {seen:,} rows that training passes through, within {MIN_LOSS_ROWS} and "
        f"{MAX_LOSS_ROWS:,}, drawn by the seed from each split. Measured forward only, twice, for three "
        "splits: about 5 % of the training time, more in short runs.",
        source=OURS,
        inputs={"num_steps": num_steps, "batch_size": batch_size},
        alternatives=("all training rows: to look for wrong labels.", "0: measures none."),
    )


def num_checkpoints_kept() -> Choice:
    """Choose how many checkpoints stay beside the best and the last."""
    return choose(
        "train.num_checkpoints_kept",
        1,
        reason="One older checkpoint, should the last be damaged; best and last are kept in any case.",
        source=OURS,
        alternatives=("all: to look at how the model changed; takes disk.",),
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
        alternatives=("0: to see the whole curve; costs the time that would be saved.",),
    )


def time_budget_s() -> Choice:
    """Choose no limit: only the user knows how long she can wait."""
    return choose(
        "train.time_budget_s",
        None,
        reason="No limit was set. With one, the plan takes fewer epochs, then fewer steps, and says so.",
        source=OURS,
        alternatives=("30m, for example: a plan that fits it, with less training.",),
    )
