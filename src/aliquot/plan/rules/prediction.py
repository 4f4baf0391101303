"""Rules for how models answer the held-out rows."""

from __future__ import annotations

import math

from aliquot.core.dataset import Task, TokenProfile
from aliquot.core.plan import Choice
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import FEW_SHOT, OURS

ANSWER_MARGIN = 1.5
MAX_NEW_TOKENS = 32_768
BATCH_SIZES = {"cpu": 32, "cuda": 128, "mps": 32}
MODELS = ("base", "base_few_shot", "tuned")


def predict_models(num_test_rows: int, num_training_rows: int, *, are_texts: bool = False) -> Choice:
    """Choose who answers: the base, the base with examples, the tuned model; nobody without test rows.

    Plain texts have no examples to show: base and tuned model predict them.
    """
    if are_texts and num_test_rows:
        return choose(
            "predict.models",
            ("base", "tuned"),
            reason="Each gives every token of the test texts its probability; nothing is generated.",
            source=OURS,
            inputs={"num_test_rows": num_test_rows},
            alternatives=("tuned alone: sooner done, but it shows no gain.",),
        )
    models = tuple(name for name in MODELS if num_training_rows or name != "base_few_shot")
    return choose(
        "predict.models",
        models if num_test_rows else (),
        reason="Tuning has to beat the base model alone and the base model shown a few examples."
        if num_test_rows
        else "There are no test rows to answer.",
        source=f"{OURS}; {FEW_SHOT}",
        inputs={"num_test_rows": num_test_rows},
        alternatives=("tuned alone: sooner done, but it shows no gain.",),
    )


def predict_max_new_tokens(longest_reference: int, room: int) -> Choice:
    """Choose the longest answer: 1.5 times the longest training answer plus the end of the turn.

    Args:
        longest_reference: Tokens of the longest answer in training rows.
        room: Tokens that the context window leaves after the longest prompt.
    """
    wanted = math.ceil(ANSWER_MARGIN * longest_reference) + 1
    return choose(
        "predict.max_new_tokens",
        max(1, min(wanted, room, MAX_NEW_TOKENS)),
        reason=f"{ANSWER_MARGIN} x {longest_reference:,}, the longest training answer, plus the end of turn. "
        "Answers that reach it are reported as truncated.",
        source=OURS,
        inputs={"longest_reference": longest_reference, "room": room},
        alternatives=("more: when test answers are longer than training answers; takes longer.",),
    )


def predict_batch_size(device_kind: str, num_test_rows: int) -> Choice:
    """Choose the rows answered at once: 32 on a CPU, 128 on a GPU, no more than there are."""
    most = BATCH_SIZES[device_kind]
    return choose(
        "predict.batch_size",
        min(most, max(1, num_test_rows)),
        reason=f"Up to {most} rows at once on this device; a shared prompt is computed once per batch.",
        source=f"{OURS}, measured on two CPU cores (8: 22, 16: 25, 32: 28 rows per second)",
        inputs={"device": device_kind, "num_test_rows": num_test_rows},
        alternatives=("smaller: when memory runs out.",),
    )


def predict_num_shots(task: Task, num_rows: int, profile: TokenProfile, room: int) -> Choice:
    """Choose the examples shown to the few-shot base: one per label, 4 to 8; else 5; what the window holds.

    Args:
        task: Kind of answers and labels.
        num_rows: Training rows to take examples from.
        profile: Token lengths of the training rows.
        room: Tokens that the context window leaves after the longest row and its answer.
    """
    wanted = min(max(len(task.labels), 4), 8) if task.task_type == "labels" else 5
    custom = "one per label, 4 to 8" if task.task_type == "labels" else "as is customary"
    held = room // max(1, profile.p95)
    return choose(
        "predict.num_shots",
        max(1, min(wanted, num_rows, held)),
        reason=f"{wanted} ({custom}); the window holds {held:,}, there are {num_rows:,} training rows.",
        source=f"{FEW_SHOT}; the number is {OURS}",
        inputs={"num_labels": len(task.labels), "num_rows": num_rows, "room": room},
        alternatives=("more: a stronger base to beat, if the window holds them; slower.",),
    )
