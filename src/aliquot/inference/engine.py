"""What an engine does: answer prompts greedily and score given answers. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """Generated ids without the stop token; ``finish_reason`` is ``stop`` or ``length``."""

    token_ids: tuple[int, ...]
    finish_reason: str


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """A given answer under a model.

    Attributes:
        log_probability: Of the whole answer, the end of the turn included, in nats.
        is_greedy: Whether greedy decoding would give exactly this answer.
    """

    log_probability: float
    is_greedy: bool


class Engine(Protocol):
    """A loaded model that answers."""

    def keep_prefix(self, prefix: Sequence[int]) -> None:
        """Expect prompts that begin with these ids, so that they need be computed once only.

        A prompt that begins otherwise is answered all the same.
        """
        ...

    def generate(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[Answer]:
        """Return the greedy answer to each prompt, in order; the batch is what is given."""
        ...

    def score(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[AnswerScore]]:
        """Score each prompt's given answers, whole and with their stop token."""
        ...
