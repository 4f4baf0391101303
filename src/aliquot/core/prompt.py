"""What a model is asked, and what it says: the records of prompts that have no expected answer."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from aliquot.core.conversation import Message
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import Status

PROBABILITY = "probability:"
"""Begins the name of a column with the probability of a label, in tables of answers."""


class Prompt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation that waits for an answer.

    Attributes:
        messages: The turns; the model speaks next.
        tools: Definitions of the tools that the assistant may call, as JSON text.
    """

    messages: tuple[Message, ...]
    tools: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerJob:
    """What a worker needs to know before it is asked.

    Attributes:
        max_new_tokens: Longest answer.
        run_dir: The run whose model answers; empty for a base model.
        model: ``tuned``, ``base`` or a checkpoint of the run.
    """

    max_new_tokens: int
    run_dir: str = ""
    model: str = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """What a worker says once its model is loaded: all that determines an answer, as text by name."""

    settings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Prompts to be answered as one batch.

    Attributes:
        expected: Prompts from all over the set that this is a batch of; what they begin with is kept.
    """

    prompts: tuple[Prompt, ...]
    expected: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAnswer(ShownInNotebook):
    """A model's answer to one prompt.

    Attributes:
        text: As generated, unchanged; empty where there is none.
        status: ``ok``; ``truncated`` when the token limit ended it; ``error`` when there is no answer.
        label_probabilities: For closed labels: p(label and end of turn), renormalised over the labels.
        label_mass: The sum of these probabilities before they were renormalised.
        num_prompt_tokens, num_output_tokens: Counts under the model's own tokenizer.
        error: Why there is no answer.
    """

    text: str
    status: Status = "ok"
    finish_reason: str = "stop"
    label_probabilities: dict[str, float] | None = None
    label_mass: float | None = None
    num_prompt_tokens: int = 0
    num_output_tokens: int = 0
    error: str = ""
