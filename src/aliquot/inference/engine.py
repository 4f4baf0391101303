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


class Engine(Protocol):
    """A loaded model that answers."""

    def generate(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[Answer]:
        """Return the greedy answer to each prompt, in order; the batch is what is given."""
        ...

    def log_probabilities(
        self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[float]]:
        """Return, for each prompt, the log probability of each of its answers (whole, stop included)."""
        ...
