"""A service that speaks OpenAI's chat completions, asked over HTTP. No torch, and no label probabilities.

The key lives in memory and in one request header: it is cut out of every text that is kept or shown.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.endpoint import EndpointAnswer, EndpointJob
from aliquot.core.reply import read_choice
from aliquot.errors import MachineError, RunError

MAX_TRIES = 6
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
"""Waits double from the first to the longest, each times 0.5 to 1.5: clients do not come back all at once."""
LONGEST_RETRY_AFTER_S = 300.0
"""A service that asks for a longer pause is not waited for."""
ERROR_LENGTH = 300
"""Characters of a service's error that are kept."""

Sleep = Callable[[float], object]


class _Trouble(Exception):
    """A try that failed but may go well the next time; ``wait_s`` is the pause that the service asks for."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.text, self.wait_s = text, wait_s


class Endpoint:
    """A model behind a URL; close it, or use it as a context.

    Args:
        job: Address, model and parameters.
        key: Sent as a bearer token; empty sends none.
        sleep: Waits for seconds between two tries.
    """

    def __init__(self, job: EndpointJob, key: str, *, sleep: Sleep = time.sleep) -> None:
        self._job, self._key, self._sleep = job, key, sleep
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(headers=headers, timeout=job.timeout_s)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def answer(self, request: Mapping[str, Any]) -> EndpointAnswer:
        """Return the answer to one request; after the last try, an answer of status ``error``.

        Raises:
            RunError: The endpoint refuses the key or does not know the address or the model.
            MachineError: Nobody answers at this address.
        """
        text = ""
        for number in range(MAX_TRIES):
            try:
                return self._try(request)
            except _Trouble as trouble:
                text, wait_s = trouble.text, trouble.wait_s
            except httpx2.ConnectError as error:
                text, wait_s = f"{type(error).__name__}: {error}", None
                if number == MAX_TRIES - 1:
                    raise self._unreachable(text) from error
            except httpx2.TransportError as error:
                text, wait_s = f"{type(error).__name__}: {error}", None
            if number < MAX_TRIES - 1:
                self._sleep(max(back_off_s(number), wait_s or 0.0))
        return EndpointAnswer(output="", status="error", finish_reason=self._clean(text))

    def _try(self, request: Mapping[str, Any]) -> EndpointAnswer:
        response = self._client.post(f"{self._job.url}/chat/completions", json=dict(request))
        status = response.status_code
        if status in (401, 403, 404):
            raise self._refused(status)
        text = self._clean(f"HTTP {status}: {response.text}")
        if status in (408, 409, 425, 429) or status >= 500:
            wait_s = read_retry_after(response.headers.get("retry-after", ""))
            if wait_s is not None and wait_s > LONGEST_RETRY_AFTER_S:
                return EndpointAnswer(output="", status="error", finish_reason=text)
            raise _Trouble(text, wait_s)
        if status != 200:
            return EndpointAnswer(output="", status="error", finish_reason=text)
        return self._read(response)

    def _read(self, response: httpx2.Response) -> EndpointAnswer:
        """Return what a response of status 200 says. It is paid: if unreadable, it is not asked for again."""
        body: Any = None
        try:
            body = response.json()
            answer = read_answer(body)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            text = self._clean(f"unreadable answer ({error!r}): {response.text}")
            usage = body.get("usage") if isinstance(body, dict) else None
            return EndpointAnswer(output="", status="error", finish_reason=text, **_read_usage(usage))
        reason, output = self._clean(answer.finish_reason), answer.output
        output = output.replace(self._key, "***") if self._key else output
        if reason == "error":
            raise _Trouble(self._clean(f"the service failed while it answered: {response.text}"))
        return replace(answer, output=output, finish_reason=reason)

    def _clean(self, text: str) -> str:
        """Return the beginning of a text, without the key."""
        return (text.replace(self._key, "***") if self._key else text)[:ERROR_LENGTH]

    def _refused(self, status: int) -> RunError:
        job = self._job
        what = "does not know this address or this model" if status == 404 else "does not accept the key"
        held = "is set" if self._key else "is not set"
        key = f"the key is taken from the environment variable {job.key_env}, which {held}"
        return RunError(
            f"{job.url} {what} (HTTP {status}). Asked was {job.model!r}; "
            f"{key if job.key_env else 'no key was sent'}. Answers so far are kept.",
            code="endpoint_refused",
            location=job.url,
            hint="Look at --endpoint and --endpoint-model; most addresses end with /v1."
            if status == 404
            else "Name the environment variable that holds the key with --endpoint-key-env, and set it.",
        )

    def _unreachable(self, text: str) -> MachineError:
        return MachineError(
            f"Nobody answers at {self._job.url} ({self._clean(text)}). Answers so far are kept.",
            code="endpoint_unreachable",
            location=self._job.url,
            hint="Look at --endpoint and at the network; the same command goes on from here.",
        )


def build_request(example: StoredExample, job: EndpointJob) -> dict[str, Any]:
    """Return the body of the request for one row: its messages as they stand, greedy decoding."""
    tools = {"tools": json.loads(example.tools)} if example.tools else {}
    return {
        "model": job.model,
        "messages": [_as_openai(message) for message in example.prompt],
        "temperature": 0,
        "max_tokens": job.max_new_tokens,
        "seed": job.seed,
        **tools,
    }


def request_key(request: Mapping[str, Any], url: str) -> str:
    """Return the hash of everything that determines an answer: address, model, messages, parameters."""
    whole = json.dumps([url, request], sort_keys=True)  # to the letter: another composition is another text
    return hashlib.sha256(whole.encode()).hexdigest()


def read_answer(body: Any) -> EndpointAnswer:
    """Return what a response says.

    Raises:
        ValueError, KeyError, TypeError, IndexError, AttributeError: It is no chat completion.
    """
    choice = body["choices"][0]
    reply = read_choice(choice)
    if reply is None:
        raise TypeError("there is no text in it")
    return EndpointAnswer(
        output=reply.text,
        status=reply.status,
        finish_reason=str(choice.get("finish_reason") or "stop"),
        **_read_usage(body.get("usage")),
    )


def back_off_s(number: int) -> float:
    """Return how long to wait after the ``number``-th failed try, counted from 0."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**number) * random.uniform(0.5, 1.5)


def read_retry_after(text: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, a number or a date; None when it is neither."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(text) - now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if seconds == seconds else None


def _as_openai(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    if message.name:
        plain["name"] = message.name
    return plain


def _read_usage(usage: Any) -> dict[str, int | None]:
    counts = usage if isinstance(usage, dict) else {}
    return {
        "num_prompt_tokens": _as_count(counts.get("prompt_tokens")),
        "num_output_tokens": _as_count(counts.get("completion_tokens")),
    }


def _as_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
