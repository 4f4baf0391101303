"""How a model's answers to a split were made: what determines them, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Engine = Literal["transformers", "endpoint", "file", "baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSource:
    """Where the answers of one model came from; ``predictions/<model>.<split>.json`` beside them.

    Attributes:
        model: Name of the model in this folder, and of its files.
        title: Words for tables and figures; empty for a model that has a title of its own.
        engine: ``endpoint`` is a service that speaks OpenAI's chat completions; ``file``: answers that
            were made elsewhere and read in.
        settings: Everything that determines an answer, as text by name: base and adapter hashes, address and
            model name of a service, temperature, longest answer, shots and how they were chosen …
        system: The system prompt, when it was another than the rows' own.
        seconds: Spent on answering, loading left out; None when nobody measured it.
        num_cached: Answers that were found in the cache and cost nothing this time.
        cost_usd: As counted from the tokens and the stated prices; None when no price is known.
    """

    model: str
    engine: Engine
    title: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    system: str = ""
    started_at: str = ""
    seconds: float | None = None
    num_answers: int = 0
    num_cached: int = 0
    num_prompt_tokens: int = 0
    num_output_tokens: int = 0
    cost_usd: float | None = None
