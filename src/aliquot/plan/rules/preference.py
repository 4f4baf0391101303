"""Rules for training on preferences: whether, how strongly and at which rate: published values."""

from __future__ import annotations

from aliquot.core.plan import Choice
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import DOMAIN_TEXT, DPO, LORA_WITHOUT_REGRET, OURS, ZEPHYR

BETA = 0.1
DPO_RATES = {"full": 5e-7, "lora": 5e-6}
"""Zephyr trained all weights with 5e-7; LoRA's best rate is ten times that of full fine-tuning."""


def objective(num_pairs: int, num_rows: int, *, are_texts: bool = False) -> Choice:
    """Choose what is minimised: the loss of preferences where every row is a pair, of texts where all are.

    Args:
        num_pairs: Training and validation rows with a rejected answer beside the chosen one.
        num_rows: Training and validation rows.
        are_texts: Whether the rows are plain texts.
    """
    if are_texts:
        return choose(
            "train.objective",
            "text",
            reason="The rows are plain texts without prompt and answer: every token is trained, as in "
            "pretraining.",
            source=f"{OURS}; {DOMAIN_TEXT}",
            inputs={"num_rows": num_rows},
            alternatives=("supervised: for rows with a prompt and an answer.",),
        )
    are_pairs = 0 < num_rows == num_pairs
    if are_pairs:
        reason = f"All {num_rows:,} rows have a preferred and a rejected answer."
    elif num_pairs:
        reason = (
            f"Only {num_pairs:,} of {num_rows:,} rows have a rejected answer: all follow the preferred one."
        )
    else:
        reason = "The rows have one answer each, which the model is to give."
    return choose(
        "train.objective",
        "dpo" if are_pairs else "supervised",
        reason=reason,
        source=DPO if are_pairs else OURS,
        inputs={"num_pairs": num_pairs, "num_rows": num_rows},
        alternatives=("supervised: follows the preferred answers and ignores the rejected ones.",)
        if are_pairs
        else ("dpo: for rows with a preferred and a rejected answer.",),
    )


def dpo_beta() -> Choice:
    """Choose how strongly DPO holds the model to the reference: 0.1."""
    return choose(
        "train.dpo_beta",
        BETA,
        reason="The value of the method's authors: larger ones keep the model nearer to where it began.",
        source=f"{DPO} (0.1, and 0.5 for summaries)",
        alternatives=("0.01: in later recipes for large data; moves further from the reference.",),
    )


def dpo_learning_rate(method: str) -> Choice:
    """Choose the peak rate of DPO: 5e-6 for LoRA, 5e-7 for all weights."""
    value = DPO_RATES["full" if method == "full" else "lora"]
    why = (
        "The rate of Zephyr, which trained all weights."
        if method == "full"
        else "Ten times the 5e-7 of Zephyr, which trained all weights; LoRA wants ten times the rate."
    )
    return choose(
        "train.learning_rate",
        value,
        reason=f"{why} Far below that of supervised training: DPO at a high rate soon makes both answers "
        "unlikely.",
        source=f"{ZEPHYR}; {LORA_WITHOUT_REGRET}",
        inputs={"method": method},
        alternatives=(f"{10 * value:.0e}: for a few hundred pairs, when the accuracy hardly moves.",),
    )
