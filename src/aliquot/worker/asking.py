"""Asking an endpoint, a few requests at once and never past a cap on cost; answers are handed on at once.

Whoever asks keeps the answers: rows of a split (`endpoint_answers`), or a judge's replies (`complete`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from aliquot.core.endpoint import EndpointAnswer, EndpointJob
from aliquot.core.files import write_file
from aliquot.core.records import canonical_json, decode, encode_pretty
from aliquot.errors import RunError

MAX_ERRORS_IN_A_ROW = 5
"""After so many requests without an answer the service is taken to be out of order; the rest is not tried."""
MESSAGE_OVERHEAD_TOKENS = 16
"""What a service's template may add to a message, in the bound that the cap on cost reckons with."""

Request = Mapping[str, Any]
Ask = Callable[[Request], EndpointAnswer]


class Asker:
    """Asks requests by name.

    Args:
        job: Of the endpoint: how many at once, at what price, up to which cap.
        ask: Sends one request; called from several threads.
        requests: By name.
        keep: Takes each answer by its name, before anything else is asked.
        spent_usd: What the answers so far have cost.
        progress: How far it is, in words: ``3 of 40 rows``.
    """

    def __init__(
        self,
        job: EndpointJob,
        ask: Ask,
        requests: Mapping[str, Request],
        *,
        keep: Callable[[str, EndpointAnswer], None],
        spent_usd: Callable[[], float | None],
        progress: Callable[[], str],
    ) -> None:
        self._job, self._ask, self._requests = job, ask, requests
        self._keep, self._spent_usd, self._progress = keep, spent_usd, progress
        self._num_errors_in_a_row = 0
        self._under_way: dict[Future[EndpointAnswer], str] = {}

    def ask_all(self, names: Iterable[str], is_stopping: Callable[[], bool]) -> Iterator[str]:
        """Ask; yield after each answer its error, empty where it has none.

        However it ends, the answers of requests under way are waited for and kept: they are paid for.

        Raises:
            RunError: The endpoint refuses, the cap on cost is reached, or no request gets an answer any more.
        """
        waiting = list(names)
        with ThreadPoolExecutor(self._job.num_at_once) as pool:
            try:
                while one := self._next(waiting, pool, is_stopping):
                    yield self._take(self._under_way.pop(one), one.result())
            finally:
                self._keep_rest()

    def _next(
        self, waiting: list[str], pool: ThreadPoolExecutor, is_stopping: Callable[[], bool]
    ) -> Future[EndpointAnswer] | None:
        """Send what may be sent and return the next request that is done; None at the end or a stop."""
        self._send(waiting, pool, is_stopping)
        done = wait(self._under_way, return_when=FIRST_COMPLETED).done
        # What fails while stopping may have failed for want of a pause: it is asked for again.
        return None if is_stopping() else next(iter(done), None)

    def _send(self, waiting: list[str], pool: ThreadPoolExecutor, is_stopping: Callable[[], bool]) -> None:
        """Send as many requests as may be under way at once, and as the cap on cost allows."""
        while (
            waiting
            and not is_stopping()
            and len(self._under_way) < self._job.num_at_once
            and self._may_send(waiting[0])
        ):
            name = waiting.pop(0)
            self._under_way[pool.submit(self._ask, self._requests[name])] = name

    def _may_send(self, name: str) -> bool:
        """Whether the cap on cost holds even if this request and those under way cost the most they can.

        Raises:
            RunError: It does not, and nothing is under way that could turn out cheaper.
        """
        cap = self._job.max_cost_usd
        if cap is None:
            return True
        spent, others = self._spent_usd() or 0.0, list(self._under_way.values())
        if spent + sum(map(self._most_usd, [name, *others])) <= cap:
            return True
        if others:
            return False
        raise RunError(
            f"Stopped before the cap of {cap:g} USD could be passed: {spent:.6g} USD are spent for "
            f"{self._progress()}, and the next answer may cost {self._most_usd(name):.3g} USD. All answers "
            "are kept.",
            code="cost_cap_reached",
            location="--max-cost-usd",
            hint="Give a higher cap; the same command goes on from here and pays for nothing twice.",
        )

    def _most_usd(self, name: str) -> float:
        request = self._requests[name]
        return self._job.cost_usd(most_prompt_tokens(request), request["max_tokens"]) or 0.0

    def _take(self, name: str, answer: EndpointAnswer) -> str:
        """Keep one answer; return its error.

        Raises:
            RunError: This is one failed request too many.
        """
        self._keep(name, answer)
        if answer.status != "error":
            self._num_errors_in_a_row = 0
            return ""
        self._num_errors_in_a_row += 1
        if self._num_errors_in_a_row >= MAX_ERRORS_IN_A_ROW:
            raise RunError(
                f"{MAX_ERRORS_IN_A_ROW} requests in a row got no answer from {self._job.url}; the last time: "
                f"{answer.finish_reason}",
                code="endpoint_failing",
                location=self._job.url,
                hint="Answers are kept; the same command asks for the others when the service is well again.",
            )
        return answer.finish_reason

    def _keep_rest(self) -> None:
        wait(self._under_way)
        for future, name in self._under_way.items():
            if future.exception() is None and future.result().status != "error":
                self._keep(name, future.result())


def most_prompt_tokens(request: Request) -> int:
    """Return how many tokens a request has at most: no tokenizer makes more of a text than it has bytes."""
    size = len(canonical_json([request["messages"], request.get("tools", "")]))
    return size + MESSAGE_OVERHEAD_TOKENS * (1 + len(request["messages"]))


class AnswerCache:
    """Answers by the hash of everything that determined them, one file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> EndpointAnswer | None:
        """Return the answer to a request, None where it was never asked."""
        path = self._path(key)
        return decode(path.read_bytes(), EndpointAnswer, str(path)) if path.is_file() else None

    def save(self, key: str, answer: EndpointAnswer) -> None:
        """Keep an answer, unless it failed or is empty, which may be the service's fault."""
        if answer.output and answer.status != "error":
            write_file(self._path(key), encode_pretty(answer))

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
