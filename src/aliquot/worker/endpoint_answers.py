"""An endpoint's answers to a split, a few at once; every answer is kept the moment it comes.

An answer is first appended to ``predictions/<model>.<split>.part`` and put into the cache, so a killed worker
loses none but those under way and pays for none twice. When every row has its line, the file
``predictions/<model>.<split>.jsonl`` appears by one rename, in the order of the rows.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from aliquot.core.answer_source import AnswerSource
from aliquot.core.dataset import StoredExample
from aliquot.core.endpoint import AnsweredRow, EndpointAnswer, EndpointJob, EndpointNews
from aliquot.core.files import translate_os_errors
from aliquot.core.records import decode, encode
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.errors import RunError
from aliquot.inference.engines.endpoint import build_request, request_key
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.asking import AnswerCache, Ask, Asker


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
        self._cache, self._monotonic = AnswerCache(cache_dir), monotonic
        self._rows = run_dir.read_rows(job.split)
        self._requests = {row.example_id: build_request(row, job) for row in self._rows}
        self._keys = {name: request_key(request, job.url) for name, request in self._requests.items()}
        self._part = run_dir.predictions_path(job.name, job.split).with_suffix(".part")
        spec = run_dir.read_spec()
        seen = [*run_dir.read_rows("train"), *run_dir.read_rows("validation")]
        self._train_prompts = {example.prompt_sha256 for example in seen}
        self._train_prompts.update(spec.start.prompts_seen if spec.start else ())
        self._answered: dict[str, AnsweredRow] = {}
        self._num_errors = self._num_cached = 0
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
            by_id = {row.example_id: row for row in waiting}
            asker = Asker(
                self._job, self._ask, self._requests,
                keep=lambda name, answer: self._receive(by_id[name], answer, file),
                spent_usd=self._cost_usd,
                progress=lambda: f"{len(self._answered)} of {len(self._rows)} rows",
            )  # fmt: skip
            for error in asker.ask_all(by_id, is_stopping):
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
            if row.example_id in self._answered:
                continue
            if answer := self._cache.find(self._keys[row.example_id]):
                self._keep(row, answer, file, is_cached=True)

    def _receive(self, row: StoredExample, answer: EndpointAnswer, file: IO[bytes]) -> None:
        self._keep(row, answer, file)
        self._cache.save(self._keys[row.example_id], answer)

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
