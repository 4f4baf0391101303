"""Rules for what is trained and how: epochs, batch, learning rate, adapter, schedule.

The order follows the plan table. Each rule is a pure function of what it names; the evidence, and where
published advice disagrees, stands in docs/experiments.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from aliquot.core.model import Architecture
from aliquot.core.plan import Choice, Device
from aliquot.plan.cost import duration_in_words, lora_parameters
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.plain_text import Epochs, text_epochs, text_learning_rate
from aliquot.plan.rules.preference import dpo_learning_rate
from aliquot.plan.rules.sources import (
    CHEMISTRY,
    LIMA,
    LORA_LEARNS_LESS,
    LORA_WITHOUT_REGRET,
    OURS,
    QLORA,
    SFT_RECIPE,
    SFT_SWEEP,
    SMALL_BATCHES,
    TINKER,
)

MAX_EPOCHS = 15
ONE_EPOCH_ABOVE = 20_000
MIN_UPDATES = 100
"""Fewer optimizer steps than this rarely suffice (documentation of Tinker; its authors are not certain)."""

AIMED_UPDATES = 300
STUDIED_PARAMETERS = 13.5e9
"""QLoRA's limit of 13 billion, as models are called: Llama 2 13B has 13.016 billion parameters."""

RANKS = (16, 32, 64, 128, 256)
LEARNING_RATES = (5e-5, 5e-4)
"""Range of the best rates that LoRA Learns Less found; it stops the width formula on very small models."""

FULL_RATE_DIVISOR = 10
"""LoRA's best rate over that of full fine-tuning: LoRA Without Regret fitted 9.8, tinker-cookbook has 10."""

LLAMA_NAMES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
FUSED_NAMES = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
LINEAR_LAYERS = {
    **dict.fromkeys(("llama", "mistral", "ministral", "qwen2", "qwen3", "gemma", "gemma2"), LLAMA_NAMES),
    **dict.fromkeys(("gemma3", "gemma3_text", "smollm3", "olmo2", "granite"), LLAMA_NAMES),
    "phi3": FUSED_NAMES,
    "phi": ("q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"),
    "gpt_neox": ("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"),
}
"""Linear layers of attention and MLP by ``model_type``, as transformers names them."""


def seed() -> Choice:
    """Choose the seed of initial weights, data order and dropout."""
    return choose(
        "train.seed",
        0,
        reason="Any fixed seed will do; repeat with other seeds to see how much results vary.",
        source=OURS,
        alternatives=("0, 1 and 2, one run each: for a publication, all reported; three times the time.",),
    )


def start_from() -> Choice:
    """Choose where training begins: at the base model."""
    return choose(
        "train.start_from",
        None,
        reason="Training begins at the base model: a fresh adapter, which changes nothing at first.",
        source=f"{OURS}: only the user knows which earlier run is meant",
        alternatives=("a run or an adapter folder: continues from it; what it learnt stays in the weights.",),
    )


def num_epochs(
    num_rows: int,
    *,
    batch_size: int | None = None,
    time_budget_s: float | None = None,
    seconds_for: Callable[[int], float] | None = None,
    num_text_tokens: int = 0,
) -> Choice:
    """Choose the passes over the training rows: 3000 / n + 2 within [2, 15]; 1 beyond 20,000 rows.

    Plain texts have a rule of their own, by their tokens.

    Args:
        num_rows: Training rows.
        batch_size: Rows per update, where somebody has set them; epochs are raised, to 15 at most, until
            there are 100 updates.
        time_budget_s: Time that training may take; fewer epochs are chosen to fit it.
        seconds_for: The estimate of training time for a number of epochs.
        num_text_tokens: Tokens of plain texts; 0 for conversations.
    """
    rule = text_epochs(num_text_tokens) if num_text_tokens else _row_epochs(num_rows)
    wanted, reason = rule.wanted, rule.reason
    if (
        batch_size is not None
        and not num_text_tokens
        and wanted < (enough := _enough_epochs(num_rows, batch_size))
    ):
        reason += f" Raised from {wanted}, as batches of {batch_size:,} rows leave few updates; "
        reason += f"{MIN_UPDATES} are aimed at."
        wanted = enough
    epochs = wanted
    if time_budget_s is not None and seconds_for is not None:
        epochs = next((e for e in range(wanted, 1, -1) if seconds_for(e) <= time_budget_s), 1)
        if epochs < wanted:
            reason += f" Reduced from {wanted}, which would take about "
            reason += f"{duration_in_words(seconds_for(wanted))}, to fit {duration_in_words(time_budget_s)}."
    return choose(
        "train.num_epochs",
        epochs,
        reason=f"{reason} The best checkpoint on validation rows is kept.",
        source=rule.source,
        inputs={"num_rows": num_rows, "time_budget_s": time_budget_s, "wanted": wanted},
        alternatives=rule.alternatives,
    )


def _row_epochs(num_rows: int) -> Epochs:
    is_many = num_rows > ONE_EPOCH_ABOVE
    return Epochs(
        1 if is_many else min(max(round(3000 / num_rows) + 2, 2), MAX_EPOCHS),
        f"{num_rows:,} training rows are above {ONE_EPOCH_ABOVE:,}: one pass."
        if is_many
        else f"{num_rows:,} training rows: round(3000 / n) + 2, within 2 and {MAX_EPOCHS}.",
        f"{OURS}, between published rules: 3 (OpenAI cookbook), 10000 / n (OpenPipe), 15 at 1,000 "
        f"rows ({LIMA}), 20 to 30 at 50 to 500 rows ({CHEMISTRY})",
        (
            "3: common, and explained by none of those who use it.",
            "more: when validation loss still falls at the end.",
        ),
    )


def _enough_epochs(num_rows: int, batch_size: int) -> int:
    """Return the epochs that make 100 updates, at most 15."""
    return min(math.ceil(MIN_UPDATES / math.ceil(num_rows / batch_size)), MAX_EPOCHS)


def max_steps(affordable: int | None) -> Choice:
    """Choose the most steps: no limit, unless not even one pass fits the time budget.

    Args:
        affordable: Steps that fit the budget; None where it is kept anyway.
    """
    return choose(
        "train.max_steps",
        affordable,
        reason="All epochs are trained."
        if affordable is None
        else f"Not even one pass fits the time budget: training ends after {affordable:,} steps.",
        source=OURS,
        inputs={"affordable": affordable},
        alternatives=("60 or so: for a first look; the schedule then falls within it.",),
    )


def batch_size(
    num_rows: int,
    num_epochs: int,
    *,
    time_budget_s: float | None = None,
    seconds_for: Callable[[int], float] | None = None,
) -> Choice:
    """Choose rows per update: the largest power of two that leaves 300 updates, within [4, 32].

    Args:
        num_rows: Training rows.
        num_epochs: Passes over them.
        time_budget_s: Larger batches share more and cost less: the size is doubled to fit the time, while
            100 updates remain.
        seconds_for: The estimate of training time for a batch size.
    """
    limit = num_rows * num_epochs / AIMED_UPDATES
    wanted = next((power for power in (32, 16, 8) if power <= limit), 4)
    reason = f"{num_rows:,} rows x {num_epochs} epochs / {AIMED_UPDATES} updates = {limit:.3g}; the largest "
    reason += "power of two below, within 4 and 32. LoRA loses quality with large batches."
    size = wanted
    if time_budget_s is not None and seconds_for is not None:
        while size < 32 and _may_double(size, num_rows * num_epochs) and seconds_for(size) > time_budget_s:
            size *= 2
    if size > wanted:
        reason += f" Raised from {wanted} to fit {duration_in_words(time_budget_s or 0)}."
    return choose(
        "train.batch_size",
        size,
        reason=reason,
        source=f"{LORA_WITHOUT_REGRET}; {SMALL_BATCHES}; {QLORA} (16)",
        inputs={"num_rows": num_rows, "num_epochs": num_epochs, "time_budget_s": time_budget_s},
        alternatives=(
            "4: when there are fewer than 100 updates.",
            "128: in Tinker's advice; fewer updates, for data far larger than most.",
        ),
    )


def _may_double(size: int, num_rows_seen: int) -> bool:
    return num_rows_seen >= 2 * size * MIN_UPDATES


def learning_rate(
    architecture: Architecture, num_updates: int, method: str = "lora", objective: str = "supervised"
) -> Choice:
    """Choose the peak rate: a width formula for Llama and Qwen, 2e-4 else; within [5e-5, 5e-4].

    Full fine-tuning takes a tenth of it, plain texts half. DPO has rates of its own, far lower.
    """
    if objective == "dpo":
        return dpo_learning_rate(method)
    for_answers = _answer_learning_rate(architecture, num_updates, method)
    return text_learning_rate(for_answers) if objective == "text" else for_answers


def _answer_learning_rate(architecture: Architecture, num_updates: int, method: str) -> Choice:
    raw, formula = _raw_learning_rate(architecture)
    if num_updates < MIN_UPDATES:
        raw, formula = 1.5 * raw, f"{formula}, times 1.5 as there are only {num_updates} updates"
    low, high = LEARNING_RATES
    value = min(max(raw, low), high) / (FULL_RATE_DIVISOR if method == "full" else 1)
    value = float(f"{value:.2g}")
    why = (
        f"A {FULL_RATE_DIVISOR}th of that, as all weights are trained."
        if method == "full"
        else "About ten times the rate of full fine-tuning, whatever the rank."
    )
    return choose(
        "train.learning_rate",
        value,
        reason=f"{formula} = {raw:.2g}, kept within {low:g} and {high:g}. {why}",
        source=f"{TINKER}; {LORA_WITHOUT_REGRET}; range from {LORA_LEARNS_LESS}",
        inputs={
            "model_type": architecture.model_type,
            "hidden_size": architecture.hidden_size,
            "num_updates": num_updates,
            "method": method,
        },
        alternatives=(
            f"{value / 2:.2g} and {value * 2:.2g}: worth a try on validation rows; no formula is sure.",
            "2e-5: a rate of full fine-tuning, ten times too low for LoRA.",
        ),
    )


def _raw_learning_rate(architecture: Architecture) -> tuple[float, str]:
    width = architecture.hidden_size
    if architecture.model_type == "llama":
        return 5e-4 * (2000 / width) ** 0.781, f"Llama family, 5e-4 x (2000 / {width})^0.781"
    if architecture.model_type.startswith("qwen"):
        return 5e-4 * (2000 / width) ** 0.0775, f"Qwen family, 5e-4 x (2000 / {width})^0.0775"
    if architecture.num_parameters <= STUDIED_PARAMETERS:
        return 2e-4, "The rate of QLoRA for up to 13 billion parameters"
    return 1e-4, "The rate of QLoRA above 13 billion parameters"


def lora_rank(architecture: Architecture, num_trained_tokens: int, target_modules: tuple[str, ...]) -> Choice:
    """Choose the rank: 16, raised while the adapter has fewer parameters than an epoch has loss tokens."""
    sizes = {rank: lora_parameters(architecture, rank, target_modules) for rank in RANKS}
    rank = next((rank for rank in RANKS if sizes[rank] >= num_trained_tokens), RANKS[-1])
    capped = min(rank, architecture.hidden_size)
    return choose(
        "train.lora_rank",
        capped,
        reason=f"{sizes[rank]:,} adapter parameters at rank {rank} against {num_trained_tokens:,} trained "
        "tokens in an epoch: the least rank from 16 on with at least as many.",
        source=f"{TINKER}; {LORA_WITHOUT_REGRET}; {QLORA} (rank matters little when all layers are adapted)",
        inputs={"num_trained_tokens": num_trained_tokens, "hidden_size": architecture.hidden_size},
        alternatives=(
            "8: half the file; rarely worse on small data.",
            "64 to 256: for more trained tokens than rank 16 has parameters; else no gain, more memory.",
        ),
    )


def lora_alpha() -> Choice:
    """Choose the scale of the adapter, which the learning-rate formula presumes."""
    return choose(
        "train.lora_alpha",
        32,
        reason="The learning-rate formula was fitted with alpha 32 and the scale alpha / rank.",
        source=LORA_WITHOUT_REGRET,
        alternatives=("twice the rank: another convention; learning rates do not carry over.",),
    )


def lora_dropout(architecture: Architecture, device: Device) -> Choice:
    """Choose dropout before the adapter: 0.05 up to 13 billion parameters, none on a CPU."""
    billions = architecture.num_parameters / 1e9
    is_on_cpu = device.kind == "cpu"
    study = f"{billions:.3g} billion parameters: a swept study found 0.05 useful up to 13 billion"
    return choose(
        "train.lora_dropout",
        0.05 if architecture.num_parameters <= STUDIED_PARAMETERS and not is_on_cpu else 0.0,
        reason=f"{study}, but on a CPU drawing its random numbers makes a step half as long again, and short "
        "runs do without."
        if is_on_cpu
        else f"{study} and nothing beyond.",
        source=f"ours, measured on two CPU cores; {QLORA}; arXiv 2410.09692 (none in short runs)"
        if is_on_cpu
        else QLORA,
        inputs={"num_parameters": architecture.num_parameters, "device": device.kind},
        alternatives=("0.05: if the validation loss turns up early; slower on a CPU.",)
        if is_on_cpu
        else ("0: in short runs (arXiv 2410.09692); the studies disagree.",),
    )


def target_modules(architecture: Architecture) -> Choice:
    """Choose the adapted layers: all linear ones of attention and MLP; none for an unknown architecture."""
    names = LINEAR_LAYERS.get(architecture.model_type, ())
    return choose(
        "train.target_modules",
        names,
        reason="Every linear layer of attention and MLP: adapting attention alone loses quality even with "
        "equally many parameters."
        if names
        else f"The layers of the architecture {architecture.model_type!r} are not known here.",
        source=f"{LORA_WITHOUT_REGRET}; {LORA_LEARNS_LESS}",
        inputs={"model_type": architecture.model_type},
        alternatives=("q_proj, v_proj: the default of PEFT; loses quality, saves little.",),
    )


def schedule() -> Choice:
    """Choose how the learning rate falls."""
    return choose(
        "train.schedule",
        "linear",
        reason="Linear to zero after the warm-up; the effect of the schedule is small.",
        source=f"{QLORA} and common recipes; {SFT_RECIPE} finds constant as good",
        alternatives=("cosine: as good.", "constant: when the length of the run is open."),
    )


def warmup_ratio(num_steps: int) -> Choice:
    """Choose the share of rising steps: 5 %, at least 5 steps, at most 100, never above half the run."""
    steps = min(max(round(0.05 * num_steps), 5), 100, max(num_steps // 2, 1))
    return choose(
        "train.warmup_ratio",
        steps / num_steps,
        reason=f"{steps} of {num_steps} steps: 5 %, at least 5 and at most 100, never over half the run.",
        source=f"common recipes (3 to 10 %); {SFT_RECIPE}",
        inputs={"num_steps": num_steps},
        alternatives=("0: as good in one sweep of full fine-tuning; riskier with few rows.",),
    )


def weight_decay() -> Choice:
    """Choose the weight decay of AdamW."""
    return choose(
        "train.weight_decay",
        0.0,
        reason="The only sweep we know of chose 0.",
        source=f"{SFT_SWEEP}; {QLORA}",
        alternatives=("0.01: in other recipes; the difference is small.",),
    )


def max_grad_norm() -> Choice:
    """Choose the norm that gradients are scaled down to."""
    return choose(
        "train.max_grad_norm",
        1.0,
        reason="Keeps one odd batch from a huge step; common practice, explained by no source.",
        source=f"{OURS}, as in common recipes",
        alternatives=("0.3: as in QLoRA; explained by no source either.",),
    )
