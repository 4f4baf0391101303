"""A chat endpoint of somebody else: what to ask it, what an answer holds, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aliquot.core.result import Prediction, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointJob:
    """What a worker needs to let an endpoint answer a split. The key is not in it, only its variable's name.

    Attributes:
        name: The model's name in the run, and of its files.
        url: Base address of an API that speaks OpenAI's chat completions, such as ``https://host/v1``.
        model: The model's name at the endpoint.
        key_env: Environment variable that holds the key; where it is empty or absent no key is sent.
        max_new_tokens: Longest answer.
        num_at_once: Requests under way at the same time.
        price_in, price_out: USD for a million tokens of prompts and of answers; None when not known.
        max_cost_usd: Never passed: a request that might pass it is not sent.
        timeout_s: Seconds to wait for one answer.
    """

    name: str
    url: str
    model: str
    key_env: str
    max_new_tokens: int
    seed: int
    num_at_once: int = 4
    price_in: float | None = None
    price_out: float | None = None
    max_cost_usd: float | None = None
    timeout_s: float = 120.0
    split: str = "test"

    def cost_usd(self, num_prompt_tokens: float, num_output_tokens: float) -> float | None:
        """Return what so many tokens cost; None when a price is not known."""
        if self.price_in is None or self.price_out is None:
            return None
        return (num_prompt_tokens * self.price_in + num_output_tokens * self.price_out) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAnswer:
    """One answer of an endpoint, as it lies in the cache.

    Attributes:
        finish_reason: As the endpoint told it; of an ``error``, its text.
        num_prompt_tokens, num_output_tokens: As the endpoint counts and bills them; None where it does not.
    """

    output: str
    status: Status = "ok"
    finish_reason: str = "stop"
    num_prompt_tokens: int | None = None
    num_output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """A line of ``predictions/<model>.<split>.part``: an answer kept the moment it came.

    Attributes:
        key: Hash of everything that determined the answer.
        is_cached: Whether it came from the cache and cost nothing.
        elapsed_s: Seconds spent on this split until then, those before an interruption included.
    """

    key: str
    prediction: Prediction
    is_cached: bool
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointNews:
    """A line that the worker tells: first the estimate, then each answer, last the end.

    Attributes:
        kind: ``estimate`` (nothing was sent yet), ``progress``, ``stopped`` (when asked) or ``done``.
        num_done, num_total, num_cached, num_errors: Rows.
        num_prompt_tokens: Of an estimate, of the rows to be asked under the base model's tokenizer.
        num_output_tokens: Of an estimate, at most: every answer as long as it may be.
        cost_usd: Of an estimate, at most; later as counted. None without prices.
        error: The last row's error.
    """

    kind: str
    num_done: int
    num_total: int
    num_cached: int = 0
    num_errors: int = 0
    num_prompt_tokens: int = 0
    num_output_tokens: int = 0
    cost_usd: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a judge is asked: messages for a chat endpoint, with the model that has to answer.

    Attributes:
        messages: In OpenAI's form.
        max_tokens: Longest answer.
        options: Further parameters of the request, such as ``reasoning_effort``.
    """

    model: str
    messages: tuple[dict[str, str], ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsJob:
    """What a worker needs to ask a judge: who it is, what may be spent, and all questions."""

    endpoint: EndpointJob
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLine:
    """A line that the worker tells of a judge: news, or after the last of them an answer.

    Attributes:
        number: Which question the answer is to, from 0.
    """

    news: EndpointNews | None = None
    number: int = 0
    answer: EndpointAnswer | None = None
