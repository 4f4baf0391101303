"""Let an endpoint answer single questions, those of a judge. Needs no torch.

    python -m aliquot.worker.complete --cache-dir DIR

stdin:  a ``QuestionsJob``; then, at any time, another line or its end asks to stop.
stdout: ``QuestionLine``, one a line: the estimate, each answer as news, the end, then all answers.
The key is read from the environment variable that the job names, and written nowhere.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aliquot.core.endpoint import (
    EndpointAnswer,
    EndpointJob,
    EndpointNews,
    Question,
    QuestionLine,
    QuestionsJob,
)
from aliquot.core.records import decode
from aliquot.inference.engines.endpoint import Endpoint, request_key
from aliquot.worker.asking import AnswerCache, Ask, Asker, most_prompt_tokens
from aliquot.worker.predict_endpoint import read_key, wait_for_wish
from aliquot.worker.process import publish, run_program


class Questioner:
    """Asks an endpoint what is not in the cache.

    Args:
        job: The endpoint, and the questions.
        ask: Sends one request; called from several threads.
        cache: Answers to earlier requests.
    """

    def __init__(self, job: QuestionsJob, ask: Ask, cache: AnswerCache) -> None:
        self._job, self._ask, self._cache = job.endpoint, ask, cache
        self._requests = {str(place): build_request(one) for place, one in enumerate(job.questions)}
        self._keys = {name: request_key(one, self._job.url) for name, one in self._requests.items()}
        self._answers: dict[str, EndpointAnswer] = {}
        self._num_cached = 0
        self._cost_usd = self._job.cost_usd(0, 0)

    def answer(self, *, tell: Callable[[QuestionLine], None], is_stopping: Callable[[], bool]) -> None:
        """Answer every question, then tell all answers; when stopped, what came is in the cache.

        Raises:
            RunError: The endpoint refuses, the cap on cost is reached, or questions get no answer any more.
        """
        for name, key in self._keys.items():
            if found := self._cache.find(key):
                self._answers[name] = found
        self._num_cached = len(self._answers)
        waiting = [name for name in self._requests if name not in self._answers]
        tell(QuestionLine(news=self._estimate(waiting)))
        asker = Asker(
            self._job, self._ask, self._requests,
            keep=self._keep,
            spent_usd=lambda: self._cost_usd,
            progress=lambda: f"{len(self._answers)} of {len(self._requests)} questions",
        )  # fmt: skip
        for error in asker.ask_all(waiting, is_stopping):
            tell(QuestionLine(news=self._news("progress", error)))
        if len(self._answers) < len(self._requests):
            tell(QuestionLine(news=self._news("stopped")))
            return
        for name in self._requests:
            tell(QuestionLine(number=int(name), answer=self._answers[name]))
        tell(QuestionLine(news=self._news("done")))

    def _keep(self, name: str, answer: EndpointAnswer) -> None:
        self._answers[name] = answer
        self._cache.save(self._keys[name], answer)
        if self._cost_usd is None:
            return
        prompt, output = answer.num_prompt_tokens, answer.num_output_tokens
        if (
            answer.status == "error"
        ):  # nothing came, so nothing is billed but what the service says it counted
            prompt, output = prompt or 0, output or 0
        # Where nobody counts, bytes do: never too few.
        most = most_prompt_tokens(self._requests[name]), len(answer.output.encode())
        cost = self._job.cost_usd(
            most[0] if prompt is None else prompt, most[1] if output is None else output
        )
        self._cost_usd += cost or 0.0

    def _estimate(self, waiting: list[str]) -> EndpointNews:
        num_prompt_tokens = sum(most_prompt_tokens(self._requests[name]) for name in waiting)
        num_output_tokens = sum(self._requests[name]["max_tokens"] for name in waiting)
        return EndpointNews(
            kind="estimate",
            num_done=len(self._answers),
            num_total=len(self._requests),
            num_cached=self._num_cached,
            num_prompt_tokens=num_prompt_tokens,
            num_output_tokens=num_output_tokens,
            cost_usd=self._job.cost_usd(num_prompt_tokens, num_output_tokens),
        )

    def _news(self, kind: str, error: str = "") -> EndpointNews:
        return EndpointNews(
            kind=kind,
            num_done=len(self._answers),
            num_total=len(self._requests),
            num_cached=self._num_cached,
            num_errors=sum(answer.status == "error" for answer in self._answers.values()),
            cost_usd=self._cost_usd,
            error=error,
        )


def build_request(question: Question) -> dict[str, Any]:
    """Return the body of the request for one question."""
    return {
        "model": question.model,
        "messages": list(question.messages),
        "temperature": question.temperature,
        "max_tokens": question.max_tokens,
        "seed": question.seed,
        **question.options,
    }


def main(arguments: list[str]) -> None:
    """Answer all questions."""
    parser = argparse.ArgumentParser(prog="aliquot.worker.complete")
    parser.add_argument("--cache-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    job = decode(sys.stdin.readline(), QuestionsJob, "stdin")
    is_stopping = threading.Event()
    endpoint = _open(job.endpoint, is_stopping)
    threading.Thread(target=wait_for_wish, args=(is_stopping,), daemon=True).start()
    try:
        Questioner(job, endpoint.answer, AnswerCache(options.cache_dir)).answer(
            tell=publish, is_stopping=is_stopping.is_set
        )
    finally:
        endpoint.close()


def _open(job: EndpointJob, is_stopping: threading.Event) -> Endpoint:
    return Endpoint(job, read_key(job.key_env), sleep=is_stopping.wait)  # who stops does not wait


if __name__ == "__main__":
    run_program(main)
