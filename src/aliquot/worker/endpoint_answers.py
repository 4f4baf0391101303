"""An endpoint's answers to a split, a few at once; every answer is kept the moment it comes.

An answer is first appended to ``predictions/<model>.<split>.part`` and put into the cache, so a killed worker
loses none but those under way and pays for none twice. When every row has its line, the file
``predictions/<model>.<split>.jsonl`` appears by one rename, in the order of the rows.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import StoredExample
from aliquot.core.endpoint import AnsweredRow, EndpointAnswer, EndpointJob, EndpointNews
from aliquot.core.files import translate_os_errors, write_file
from aliquot.core.records import canonical_json, decode, encode, encode_pretty
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.inference.engines.endpoint import build_request, request_key
from aliquot.tokenization.encoder import Encoder

MAX_ERRORS_IN_A_ROW = 5
"""After so many rows without an answer the service is taken to be out of order; the rest is not tried."""
MESSAGE_OVERHEAD_TOKENS = 16
"""What a service's template may add to a message, in the bound that the cap on cost reckons with."""

Request = Mapping[str, Any]
Ask = Callable[[Request], EndpointAnswer]


class EndpointPredictor:
    """Lets an endpoint answer one split of a run.

    Args:
        run_dir: The run.
        job: What is asked, and at what price.
        ask: Sends one request; called from several threads.
        encoder: Of the base model, for estimates and where the endpoint counts no tokens.
        cache_dir: Folder of answers by the hash of their request.
        monotonic: A clock in seconds.
    """

    def __init__(
        self,
        run_dir: RunDir,
        job: EndpointJob,
        ask: Ask,
        *,
        encoder: Encoder,
        cache_dir: Path,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run_dir, self._job, self._ask, self._encoder = run_dir, job, ask, encoder
        self._cache_dir, self._monotonic = cache_dir, monotonic
        self._rows = run_dir.read_rows(job.split)
        self._requests = {row.example_id: build_request(row, job) for row in self._rows}
        self._keys = {name: request_key(request, job.url) for name, request in self._requests.items()}
        self._part = run_dir.predictions_path(job.name, job.split).with_suffix(".part")
        spec = run_dir.read_spec()
        seen = [*run_dir.read_rows("train"), *run_dir.read_rows("validation")]
        self._train_prompts = {example.prompt_sha256 for example in seen}
        self._train_prompts.update(spec.start.prompts_seen if spec.start else ())
        self._answered: dict[str, AnsweredRow] = {}
        self._num_errors_in_a_row = self._num_errors = self._num_cached = 0
        self._paid_prompt_tokens = self._paid_output_tokens = 0
        self._began = 0.0

    def predict(self, *, tell: Callable[[EndpointNews], None], is_stopping: Callable[[], bool]) -> None:
        """Answer every row that has no answer yet, then publish answers and their source.

        Raises:
            RunError: The endpoint refuses, the cap on cost is reached, or no row gets an answer any more.
        """
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        with _locked(self._part) as file:
            self._recover(file)
            self._began = self._monotonic() - max(
                (row.elapsed_s for row in self._answered.values()), default=0.0
            )
            self._take_from_cache(file)
            waiting = [row for row in self._rows if row.example_id not in self._answered]
            tell(self._estimate(waiting))
            for error in self._ask_all(waiting, file, is_stopping):
                tell(self._news("progress", error))
            if len(self._answered) < len(self._rows):
                tell(self._news("stopped"))
                return
            self._publish(started_at)
        tell(self._news("done"))

    def _recover(self, file: IO[bytes]) -> None:
        """Take an interrupted prediction's answers to these very requests; what failed is asked again."""
        file.seek(0)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        file.truncate(whole)
        for line in data[:whole].splitlines():
            row = decode(line, AnsweredRow, str(self._part))
            name = row.prediction.example_id
            if self._keys.get(name) == row.key and row.prediction.status != "error":
                self._count_in(row)

    def _take_from_cache(self, file: IO[bytes]) -> None:
        for row in self._rows:
            path = self._cache_path(row)
            if row.example_id not in self._answered and path.is_file():
                answer = decode(path.read_bytes(), EndpointAnswer, str(path))
                self._keep(row, answer, file, is_cached=True)

    def _ask_all(
        self, waiting: list[StoredExample], file: IO[bytes], is_stopping: Callable[[], bool]
    ) -> Iterator[str]:
        """Ask for rows, a few at once; yield after each answer its error, empty where it has none.

        However it ends, the answers of requests under way are waited for and kept: they are paid for.
        """
        under_way: dict[Future[EndpointAnswer], StoredExample] = {}
        with ThreadPoolExecutor(self._job.num_at_once) as pool:
            try:
                while one := self._next(waiting, under_way, pool, is_stopping):
                    yield self._take(under_way.pop(one), one, file)
            finally:
                self._keep_rest(under_way, file)

    def _next(
        self,
        waiting: list[StoredExample],
        under_way: dict[Future[EndpointAnswer], StoredExample],
        pool: ThreadPoolExecutor,
        is_stopping: Callable[[], bool],
    ) -> Future[EndpointAnswer] | None:
        """Send what may be sent and return the next request that is done; None at the end or a stop."""
        self._send(waiting, under_way, pool, is_stopping)
        done = wait(under_way, return_when=FIRST_COMPLETED).done
        # What fails while stopping may have failed for want of a pause: it is asked for again.
        return None if is_stopping() else next(iter(done), None)

    def _send(
        self,
        waiting: list[StoredExample],
        under_way: dict[Future[EndpointAnswer], StoredExample],
        pool: ThreadPoolExecutor,
        is_stopping: Callable[[], bool],
    ) -> None:
        """Send as many requests as may be under way at once, and as the cap on cost allows."""
        while (
            waiting
            and not is_stopping()
            and len(under_way) < self._job.num_at_once
            and self._may_send(waiting[0], under_way.values())
        ):
            row = waiting.pop(0)
            under_way[pool.submit(self._ask, self._requests[row.example_id])] = row

    def _may_send(self, row: StoredExample, under_way: Any) -> bool:
        """Whether the cap on cost holds even if this request and those under way cost the most they can.

        Raises:
            RunError: It does not, and nothing is under way that could turn out cheaper.
        """
        cap = self._job.max_cost_usd
        if cap is None:
            return True
        spent = self._cost_usd() or 0.0
        others = list(under_way)
        if spent + sum(map(self._most_usd, [row, *others])) <= cap:
            return True
        if others:
            return False
        raise RunError(
            f"Stopped before the cap of {cap:g} USD could be passed: {spent:.6g} USD are spent for "
            f"{len(self._answered)} of {len(self._rows)} rows, and the next answer may cost "
            f"{self._most_usd(row):.3g} USD. All answers are kept.",
            code="cost_cap_reached",
            location="--max-cost-usd",
            hint="Give a higher cap; the same command goes on from here and pays for nothing twice.",
        )

    def _most_usd(self, row: StoredExample) -> float:
        """Return what an answer costs at most: no tokenizer makes more tokens than a text has bytes."""
        request = self._requests[row.example_id]
        size = len(canonical_json([request["messages"], request.get("tools", "")]))
        most = size + MESSAGE_OVERHEAD_TOKENS * (1 + len(request["messages"]))
        return self._job.cost_usd(most, self._job.max_new_tokens) or 0.0

    def _take(self, row: StoredExample, future: Future[EndpointAnswer], file: IO[bytes]) -> str:
        """Keep one answer; return its error.

        Raises:
            RunError: This is one failed row too many.
        """
        answer = future.result()
        self._keep(row, answer, file)
        if answer.status != "error":
            self._cache(row, answer)
            self._num_errors_in_a_row = 0
            return ""
        self._num_errors_in_a_row += 1
        if self._num_errors_in_a_row >= MAX_ERRORS_IN_A_ROW:
            raise RunError(
                f"{MAX_ERRORS_IN_A_ROW} rows in a row got no answer from {self._job.url}; the last time: "
                f"{answer.finish_reason}",
                code="endpoint_failing",
                location=self._job.url,
                hint="Answers are kept; the same command asks for the others when the service is well again.",
            )
        return answer.finish_reason

    def _keep_rest(self, under_way: dict[Future[EndpointAnswer], StoredExample], file: IO[bytes]) -> None:
        wait(under_way)
        for future, row in under_way.items():
            if future.exception() is None and future.result().status != "error":
                self._keep(row, future.result(), file)
                self._cache(row, future.result())

    def _cache(self, row: StoredExample, answer: EndpointAnswer) -> None:
        if answer.output:  # an empty one may be a service's fault: asked for again, it may be another
            write_file(self._cache_path(row), encode_pretty(answer))

    def _keep(
        self, row: StoredExample, answer: EndpointAnswer, file: IO[bytes], *, is_cached: bool = False
    ) -> None:
        line = AnsweredRow(
            key=self._keys[row.example_id],
            prediction=self._as_prediction(row, answer),
            is_cached=is_cached,
            elapsed_s=round(self._monotonic() - self._began, 3),
        )
        with translate_os_errors(self._part):
            file.write(encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._count_in(line)

    def _count_in(self, line: AnsweredRow) -> None:
        prediction = line.prediction
        self._answered[prediction.example_id] = line
        self._num_cached += line.is_cached
        self._num_errors += prediction.status == "error"
        if not line.is_cached:
            self._paid_prompt_tokens += prediction.num_prompt_tokens
            self._paid_output_tokens += prediction.num_output_tokens

    def _as_prediction(self, row: StoredExample, answer: EndpointAnswer) -> Prediction:
        prompt_tokens, output_tokens = answer.num_prompt_tokens, answer.num_output_tokens
        if (
            answer.status == "error"
        ):  # nothing came, so nothing is billed but what the service says it counted
            prompt_tokens, output_tokens = prompt_tokens or 0, output_tokens or 0
        return Prediction(
            example_id=row.example_id,
            split=self._job.split,
            model=self._job.name,
            prompt_sha256=row.prompt_sha256,
            reference=row.reference,
            output=answer.output,
            status=answer.status,
            finish_reason=answer.finish_reason,
            group=row.group,
            in_train=row.prompt_sha256 in self._train_prompts,
            num_prompt_tokens=self._count_prompt(row) if prompt_tokens is None else prompt_tokens,
            num_output_tokens=self._count(answer.output) if output_tokens is None else output_tokens,
            seed=self._job.seed,
        )

    def _count_prompt(self, row: StoredExample) -> int:
        return len(self._encoder.encode_prompt(row.prompt, tools=row.tools))

    def _count(self, text: str) -> int:
        return len(self._encoder.tokenizer.encode(text, add_special_tokens=False).ids)

    def _cache_path(self, row: StoredExample) -> Path:
        key = self._keys[row.example_id]
        return self._cache_dir / key[:2] / f"{key}.json"

    def _estimate(self, waiting: list[StoredExample]) -> EndpointNews:
        num_prompt_tokens = sum(map(self._count_prompt, waiting))
        num_output_tokens = len(waiting) * self._job.max_new_tokens
        return EndpointNews(
            kind="estimate",
            num_done=len(self._answered),
            num_total=len(self._rows),
            num_cached=self._num_cached,
            num_prompt_tokens=num_prompt_tokens,
            num_output_tokens=num_output_tokens,
            cost_usd=self._job.cost_usd(num_prompt_tokens, num_output_tokens),
        )

    def _news(self, kind: str, error: str = "") -> EndpointNews:
        return EndpointNews(
            kind=kind,
            num_done=len(self._answered),
            num_total=len(self._rows),
            num_cached=self._num_cached,
            num_errors=self._num_errors,
            cost_usd=self._cost_usd(),
            error=error,
        )

    def _cost_usd(self) -> float | None:
        return self._job.cost_usd(self._paid_prompt_tokens, self._paid_output_tokens)

    def _publish(self, started_at: str) -> None:
        job = self._job
        lines = [self._answered[row.example_id] for row in self._rows]
        predictions = [line.prediction for line in lines]
        earlier_s, earlier_usd = self._find_earlier()
        cost_usd = self._cost_usd()
        source = AnswerSource(
            model=job.name,
            engine="endpoint",
            title=job.model,
            settings=list_settings(job),
            started_at=started_at,
            seconds=earlier_s + max((line.elapsed_s for line in lines), default=0.0),
            num_answers=len(lines),
            num_cached=self._num_cached,
            num_prompt_tokens=sum(one.num_prompt_tokens for one in predictions),
            num_output_tokens=sum(one.num_output_tokens for one in predictions),
            cost_usd=None if cost_usd is None else earlier_usd + cost_usd,
        )
        self._run_dir.save_source(source, job.split)
        self._run_dir.save_predictions(job.name, job.split, predictions)
        self._part.unlink()

    def _find_earlier(self) -> tuple[float, float]:
        """Return seconds and USD of the call whose failed rows are asked again; its answers are cached."""
        earlier = self._run_dir.find_source(self._job.name, self._job.split)
        if earlier is None or earlier.settings != list_settings(self._job):
            return 0.0, 0.0
        return earlier.seconds or 0.0, earlier.cost_usd or 0.0


def list_settings(job: EndpointJob) -> dict[str, str]:
    """Return everything that determines an answer, beside its row, as text by name."""
    return {
        "url": job.url,
        "model": job.model,
        "temperature": "0",
        "max_tokens": str(job.max_new_tokens),
        "seed": str(job.seed),
    }


@contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """Open the file of answers so far for one process only; the lock ends with the process."""
    with translate_os_errors(part):
        part.parent.mkdir(exist_ok=True)
        file = part.open("a+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(
                "Another process is asking an endpoint under this name.",
                code="run_is_busy",
                location=str(part),
                hint="Wait for it, or choose another name with --as.",
            ) from error
        yield file
