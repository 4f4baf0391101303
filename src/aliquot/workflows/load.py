"""The verb ``load``: a model that answers prompts for as long as it is kept, without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aliquot.compute.target import Dialogue
from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message
from aliquot.core.prompt import AnswerJob, LoadedModel, Prompt, PromptAnswer, Questions
from aliquot.core.records import decode, encode
from aliquot.core.run_dir import RunDir
from aliquot.data.new_rows import NewRow, NewRows, list_new_rows, read_new_rows
from aliquot.errors import InputError
from aliquot.workflows.chat import common_system, find_run_if_any
from aliquot.workflows.follow import get_model_dir
from aliquot.workflows.predict import find_model
from aliquot.workflows.prepare import prepare
from aliquot.workflows.surroundings import Doing, Surroundings

BATCH_SIZE = 32
"""Rows that a base model without a run answers at once."""
MAX_NEW_TOKENS = 512
"""Longest answer of a base model without a run."""
NUM_EXPECTED = 32
"""Prompts from all over a set by which the worker sees what they begin with."""

Given = Sequence[str | Mapping[str, Any] | Sequence[Mapping[str, Any]]]


class Model:
    """A model that answers; close it, or use it as a context. It computes in a process of its own.

    Attributes:
        title: Who answers.
        batch_size: Rows answered at once; with a run the same as for its test rows.
    """

    def __init__(
        self,
        job: AnswerJob,
        model_dir: Path,
        within: Surroundings,
        *,
        title: str,
        batch_size: int = BATCH_SIZE,
        system: str = "",
        columns: DataSettings | None = None,
    ) -> None:
        self.title = title
        self.batch_size = batch_size
        self._job, self._model_dir, self._within = job, model_dir, within
        self._system = system
        self._columns = columns or DataSettings()
        self._dialogue: Dialogue | None = None
        self._settings: dict[str, str] = {}

    def answer(self, rows: Given | Path | str) -> list[PromptAnswer]:
        """Return an answer to each row, in order; a row that cannot be asked has the status ``error``.

        Args:
            rows: Prompts as texts, as lists of messages or as objects with the fields of the training
                rows; or the path of a file of them.

        Raises:
            InputError: The rows cannot be read.
            AliquotError: The model's process ended.
        """
        return [answer for batch in self.answer_batches(self.read(rows).rows) for answer in batch]

    def read(self, rows: Given | Path | str) -> NewRows:
        """Return rows ready to be asked; see `answer`.

        Raises:
            InputError: They cannot be read.
        """
        if isinstance(rows, str) and not Path(rows).is_file():
            raise InputError(
                f"Found the text {rows[:60]!r}; expected a list of prompts, or the path of a file.",
                code="invalid_prompt",
                location="answer",
                hint="Put a single prompt into a list: model.answer([text]).",
            )
        if isinstance(rows, str | Path):
            return read_new_rows(Path(rows), self._columns)
        return list_new_rows(rows, self._columns)

    def answer_batches(self, rows: Sequence[NewRow], num_done: int = 0) -> Iterator[list[PromptAnswer]]:
        """Yield the answers batch by batch, so that they can be kept as they come.

        Args:
            rows: All rows.
            num_done: Rows that were answered before, whole batches: how rows are put together decides the
                last digits.
        """
        prompts = [self._ask(row) for row in rows]
        asked = [prompt for prompt in prompts if prompt]
        expected = tuple(asked[:: max(1, len(asked) // NUM_EXPECTED)])
        for start in range(num_done, len(rows), self.batch_size):
            some = slice(start, start + self.batch_size)
            answers = iter(self._answer([prompt for prompt in prompts[some] if prompt], expected))
            expected = ()
            yield [next(answers) if row.prompt else _refuse(row) for row in rows[some]]

    def describe(self) -> dict[str, str]:
        """Return everything that determines an answer beside its row, as text by name; loads the model."""
        self._open()
        own = {"system": self._system} if self._system else {}
        return {**self._settings, "batch_size": str(self.batch_size), **own}

    def close(self) -> None:
        """End the model's process; the next question starts another."""
        if self._dialogue:
            self._dialogue.close()
            self._dialogue = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, row: NewRow) -> Prompt | None:
        prompt = row.prompt
        has_system = prompt and prompt.messages[0].role in ("system", "developer")
        if prompt is None or has_system or not self._system:
            return prompt
        return Prompt((Message("system", self._system), *prompt.messages), prompt.tools)

    def _answer(self, prompts: Sequence[Prompt], expected: tuple[Prompt, ...]) -> list[PromptAnswer]:
        if not prompts:
            return []
        dialogue = self._open()
        request = encode(Questions(prompts=tuple(prompts), expected=expected)).decode()
        return [
            decode(line, PromptAnswer, "output of answer")
            for line in self._listen(dialogue, request, len(prompts))
        ]

    def _open(self) -> Dialogue:
        if self._dialogue is None:
            self._within.tell(Doing(f"Loading {self.title}"))
            self._dialogue = self._within.target.open("answer", ["--model-dir", str(self._model_dir)])
            (line,) = self._listen(self._dialogue, encode(self._job).decode(), 1)
            self._settings = decode(line, LoadedModel, "output of answer").settings
        return self._dialogue

    def _listen(self, dialogue: Dialogue, request: str, num_lines: int) -> list[str]:
        """Return the lines of a reply. When that is cut short, the process ends: its rest is for nobody."""
        try:
            return list(islice(dialogue.ask(request), num_lines))
        except BaseException:
            self.close()
            raise


def _refuse(row: NewRow) -> PromptAnswer:
    return PromptAnswer(text="", status="error", finish_reason="refused", error=row.error)


def load(
    name: Path | str,
    *,
    model: str = "tuned",
    system: str | None = None,
    prompt_column: str | None = None,
    max_new_tokens: int | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
) -> Model:
    """Return a model that answers prompts; nothing is loaded before the first.

    Args:
        name: A run, or the name of a base model.
        model: Of a run: ``tuned``, ``base`` or a checkpoint (``step-000120``).
        system: System message of prompts that have none; by default that of the run's rows, if all have
            the same. An empty text puts none.
        prompt_column: Column of the prompts, or a text with columns in braces; by default as the run's rows
            were read.
        max_new_tokens: Longest answer; the run's by default.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        InputError: Neither a run nor a base model has this name, or the run has no such model.
        RunError: The run has no trained weights yet.
    """
    within = within or Surroundings()
    run_dir = find_run_if_any(name, runs_dir)
    if run_dir is None:
        if model not in ("tuned", "base"):
            raise InputError(
                f"{name} is no run, so it has no model {model!r}.",
                code="unknown_model",
                location="--model",
                hint="Leave it out: the base model itself answers.",
            )
        base = prepare(str(name), within)
        return Model(
            AnswerJob(max_new_tokens=max_new_tokens or MAX_NEW_TOKENS),
            base.folder,
            within,
            title=base.name,
            system=system or "",
            columns=DataSettings(prompt=prompt_column),
        )
    return _load_of_run(
        run_dir,
        find_answering(run_dir, model),
        within,
        system=common_system(run_dir) if system is None else system,
        prompt_column=prompt_column,
        max_new_tokens=max_new_tokens,
    )


def find_answering(run_dir: RunDir, model: str) -> str:
    """Return the name of a model that can be asked new rows.

    Raises:
        InputError: It is shown rows of train before it answers, or the run has none of that name.
    """
    found = find_model(run_dir, model)
    if found in ("base_few_shot", "base_nearest"):
        raise InputError(
            f"{found} answers the run's own rows only.",
            code="unknown_model",
            location="--model",
            hint="Ask tuned, base or a checkpoint.",
        )
    return found


def _load_of_run(
    run_dir: RunDir,
    model: str,
    within: Surroundings,
    *,
    system: str,
    prompt_column: str | None,
    max_new_tokens: int | None,
) -> Model:
    spec = run_dir.read_spec()
    columns = _read_columns(spec.settings.get("data", {}), prompt_column)
    job = AnswerJob(
        max_new_tokens=max_new_tokens or spec.prediction.max_new_tokens,
        run_dir=str(run_dir.path),
        model=model,
    )
    return Model(
        job,
        get_model_dir(run_dir),
        within,
        title=f"{run_dir.run_id} ({model} {spec.plan.base})",
        batch_size=spec.prediction.batch_size,
        system=system,
        columns=columns,
    )


def _read_columns(data: Mapping[str, Any], prompt_column: str | None) -> DataSettings:
    """Return how the run's own prompts were read; how its file was encoded says nothing of another."""
    kept = {name: data[name] for name in ("prompt", "system") if name in data}
    return DataSettings.model_validate(kept | ({"prompt": prompt_column} if prompt_column else {}))
