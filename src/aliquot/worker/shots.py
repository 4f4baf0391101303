"""The examples that a base model is shown before it is asked: rows of train, as turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.prompt import Prompt
from aliquot.core.spec import Spec
from aliquot.evaluation.neighbours import find_nearest
from aliquot.tokenization.batches import epoch_order
from aliquot.tokenization.encoder import Encoder

_DRAWN = "drawn by the seed, labels in turn; the same for all rows"
_NEAREST = (
    "the most similar prompts of train (cosine of TF-IDF, character 1- to 4-grams), the nearest last; "
    "none with the row's own prompt"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """What is shown before the questions of a split.

    Attributes:
        common: Rows shown before every question.
        own: Rows shown before one, by its ``example_id``, the nearest last.
        settings: How many and how they were chosen, for the source of the answers.
    """

    common: tuple[StoredExample, ...] = ()
    own: dict[str, tuple[StoredExample, ...]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def ask(self, example: StoredExample, encoder: Encoder, longest: int) -> Prompt:
        """Return the question with what is shown before it; own shots that do not fit are left out.

        Args:
            example: The row asked.
            encoder: Of the model.
            longest: Tokens that a prompt may have.
        """
        shown = self.own.get(example.example_id, self.common)
        prompt = Prompt(with_shots(example.prompt, as_turns(shown)), example.tools)
        while (
            self.own and shown and len(encoder.encode_prompt(prompt.messages, tools=prompt.tools)) > longest
        ):
            shown = shown[1:]
            prompt = Prompt(with_shots(example.prompt, as_turns(shown)), example.tools)
        return prompt


def build_shots(
    model: str, train: Sequence[StoredExample], items: Sequence[StoredExample], spec: Spec
) -> Shots:
    """Return what a model is shown before the questions of a split; nothing unless its name says so."""
    number = str(spec.prediction.num_shots)
    if model == "base_few_shot":
        settings = {"num_shots": number, "shots": _DRAWN, "seed": str(spec.training.seed)}
        return Shots(common=tuple(choose_shots(train, spec)), settings=settings)
    if model != "base_nearest":
        return Shots()
    nearest = find_nearest(train, items, spec.prediction.num_shots)
    return Shots(
        own={item.example_id: tuple(rows[::-1]) for item, rows in zip(items, nearest, strict=True)},
        settings={"num_shots": number, "shots": _NEAREST},
    )


def choose_shots(train: Sequence[StoredExample], spec: Spec) -> list[StoredExample]:
    """Return some training examples, drawn by the seed; labels are taken in turn.

    With closed labels the shots go round the labels, so that a rare label is shown too.
    """
    order = [train[index] for index in epoch_order(len(train), spec.training.seed, -1)]
    chosen: list[StoredExample] = []
    while order and len(chosen) < spec.prediction.num_shots:
        shown = [example.reference for example in chosen]
        chosen.append(order.pop(_least_shown(order, shown) if spec.task.task_type == "labels" else 0))
    return chosen


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
