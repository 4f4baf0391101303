"""Records of training on preferences: what the reference gave, and what the tuned model prefers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLogprobs:
    """Log-probabilities of the two answers of one row, in nats, summed over tokens and the end of turn."""

    example_id: str
    chosen: float
    rejected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLogprobs:
    """What the model gave before training; ``reference_logprobs.json``, published once.

    Attributes:
        splits: The pairs of each split, in its order.
        sha256: Of ``splits``: a run goes on only with the numbers it began with.
    """

    splits: dict[str, tuple[PairLogprobs, ...]]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """One held-out pair under the tuned model; a line of ``preferences/test.jsonl``.

    Attributes:
        chosen: Log-probability of the preferred answer, in nats, summed over tokens and the end of turn.
        margin: beta * ((chosen - reference_chosen) - (rejected - reference_rejected)); the pair is ranked as
            people did when it is above 0.
    """

    example_id: str
    chosen: float
    rejected: float
    reference_chosen: float
    reference_rejected: float
    margin: float
