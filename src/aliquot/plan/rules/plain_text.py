"""Rules for continued pretraining on plain texts: how long a window, how often, at which rate."""

from __future__ import annotations

from typing import Any, NamedTuple

from aliquot.core.plan import Choice
from aliquot.core.text_window import choose_window
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import CONTINUAL, DOMAIN_TEXT, LORA_LEARNS_LESS, OURS, REPEATED_TEXT

ONE_EPOCH_ABOVE_TOKENS = 10_000_000
RATE_SHARE = 0.5
"""Of the rate for answers: there every other token is a prompt that is left alone, here all are moved."""


class Epochs(NamedTuple):
    """A number of passes with what is said of it."""

    wanted: int
    reason: str
    source: str
    alternatives: tuple[str, ...]


def text_epochs(num_tokens: int) -> Epochs:
    """Return the passes over so many tokens of plain text: 2, and 1 above ten million."""
    is_much = num_tokens > ONE_EPOCH_ABOVE_TOKENS
    side, passes = ("above", "one pass") if is_much else ("at most", "two")
    return Epochs(
        1 if is_much else 2,
        f"{num_tokens:,} tokens of text, {side} {ONE_EPOCH_ABOVE_TOKENS:,}: {passes}. Text seen up "
        "to four times teaches nearly as much as new text, but every pass forgets more of the rest.",
        f"{REPEATED_TEXT}; {DOMAIN_TEXT} (one pass over a domain); the limit is {OURS}",
        (
            "4: when validation loss still falls at the end; beyond, repeating teaches little.",
            "1: to keep as much as possible of what the model knew.",
        ),
    )


def text_learning_rate(for_answers: Choice) -> Choice:
    """Choose the peak rate for plain texts: half of that for answers."""
    value = float(f"{RATE_SHARE * for_answers.value:.2g}")
    return choose(
        "train.learning_rate",
        value,
        reason=f"Half of the {for_answers.value:g} for answers ({for_answers.reason}) The higher the peak, "
        "the more is learnt of the new text and forgotten of the rest.",
        source=f"{CONTINUAL} (the rate trades one for the other); {LORA_LEARNS_LESS}; the half is {OURS}",
        inputs={**for_answers.inputs, "for_answers": for_answers.value},
        alternatives=(
            f"{for_answers.value:g}: learns the text faster, forgets more.",
            f"{value / 2:.2g}: where the model must keep its general skills.",
        ),
    )


def text_window(context_window: int) -> Choice:
    """Choose the window that texts are cut into: 1,024 tokens, or what the model sees if that is less."""
    inputs: dict[str, Any] = {"context_window": context_window}
    return choose(
        "train.max_seq_len",
        choose_window(None, context_window),
        reason="A text that is longer becomes several windows; nothing is left out. Longer windows give more "
        "context and cost more memory: every token has a loss.",
        source=f"{OURS}; {DOMAIN_TEXT} (512)",
        inputs=inputs,
        alternatives=(
            f"{min(4096, context_window):,}: for long documents, on a device with the memory.",
            "512: when memory runs out.",
        ),
    )
