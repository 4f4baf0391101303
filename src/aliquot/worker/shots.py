"""The examples that a base model is shown before it is asked: rows of train, as turns."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.spec import Spec
from aliquot.tokenization.batches import epoch_order


def choose_shots(train: Sequence[StoredExample], spec: Spec) -> tuple[Message, ...]:
    """Return the turns of some training examples, drawn by the seed; labels are taken in turn.

    With closed labels the shots go round the labels, so that a rare label is shown too.
    """
    order = [train[index] for index in epoch_order(len(train), spec.training.seed, -1)]
    chosen: list[StoredExample] = []
    while order and len(chosen) < spec.prediction.num_shots:
        shown = [example.reference for example in chosen]
        chosen.append(order.pop(_least_shown(order, shown) if spec.task.task_type == "labels" else 0))
    return as_turns(chosen)


def as_turns(examples: Sequence[StoredExample]) -> tuple[Message, ...]:
    """Return the turns of some examples, their system prompts left out."""
    return tuple(
        message
        for example in examples
        for message in example.messages
        if message.role in ("user", "assistant", "tool")
    )


def with_shots(prompt: tuple[Message, ...], shots: tuple[Message, ...]) -> tuple[Message, ...]:
    """Put shots between the system prompt and the question."""
    num_system = sum(1 for message in prompt if message.role in ("system", "developer"))
    return (*prompt[:num_system], *shots, *prompt[num_system:])


def _least_shown(order: Sequence[StoredExample], shown: Sequence[str]) -> int:
    return min(range(len(order)), key=lambda index: (shown.count(order[index].reference), index))
