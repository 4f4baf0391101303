"""One model's answers to one split: generated text and, for closed labels, the label probabilities.

Answers are appended batch by batch, so an interrupted prediction continues where it stopped; the file
``predictions/<model>.<split>.jsonl`` appears by one rename when every example has its line.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.files import sync_folder, translate_os_errors
from aliquot.core.records import encode_lines
from aliquot.core.result import Prediction
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import Interrupted
from aliquot.inference.engine import Answer, AnswerScore, Engine
from aliquot.tokenization.batches import epoch_order
from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.prefix_tree import shared_length
from aliquot.training.journal import Journal

MAX_SCORED_LABELS = 64
"""Above this many labels every label of every item is no longer scored."""

PROMPTS_SEEN = 32
"""Prompts of a split that are looked at for what all of them begin with."""


class LabelScore(NamedTuple):
    """One label of a closed set as an answer to one prompt; the ids end with the stop token."""

    label: str
    token_ids: list[int]
    score: AnswerScore


class Predictor:
    """Predicts with one engine under the name ``model``.

    Args:
        model: ``base``, ``base_few_shot`` or ``tuned``.
        engine: The loaded model.
    """

    def __init__(self, run_dir: RunDir, spec: Spec, encoder: Encoder, *, model: str, engine: Engine) -> None:
        self._run_dir = run_dir
        self._spec = spec
        self._encoder = encoder
        self._model = model
        self._engine = engine
        train = run_dir.read_rows("train")
        seen = [*train, *run_dir.read_rows("validation")]
        self._train_prompts = {example.prompt_sha256 for example in seen}
        self._train_prompts.update(spec.start.prompts_seen if spec.start else ())
        self._shots = choose_shots(train, spec) if model == "base_few_shot" else ()

    def predict(self, split: str, journal: Journal) -> None:
        """Write the predictions of a split.

        Raises:
            Interrupted: A wish came; the answers so far are kept.
        """
        examples = self._run_dir.read_rows(split)
        part = self._run_dir.predictions_path(self._model, split).with_suffix(".part")
        size = self._spec.prediction.batch_size
        num_done = _recover(part, size)
        self.expect_prompts(examples)
        for start in range(num_done, len(examples), size):
            batch = examples[start : start + size]
            _append(part, encode_lines(self.answer(batch, split)))
            done = start + len(batch)
            journal.write("progress", stage=f"predict {self._model}", done=done, total=len(examples))
            wish = journal.find_wish()
            if wish in ("stop", "cancel") and done < len(examples):
                raise Interrupted(
                    f"Stopped after {done} of {len(examples)} answers of {self._model}; they are kept.",
                    code="cancelled" if wish == "cancel" else "stopped",
                    hint="" if wish == "cancel" else "`aliquot resume` continues from there.",
                )
        _publish(part, self._run_dir.predictions_path(self._model, split))

    def answer_all(self, split: str) -> list[Prediction]:
        """Return the predictions of a split without writing them."""
        examples, size = self._run_dir.read_rows(split), self._spec.prediction.batch_size
        self.expect_prompts(examples)
        batches = [examples[start : start + size] for start in range(0, len(examples), size)]
        return [prediction for batch in batches for prediction in self.answer(batch, split)]

    def expect_prompts(self, examples: Sequence[StoredExample]) -> None:
        """Tell the engine what the prompts of a split begin with, going by rows all over it.

        A function of the rows alone, as the batches are: a resumed prediction gives the same digits.
        """
        step = max(1, len(examples) // PROMPTS_SEEN)
        seen = [tuple(self._encode(example)) for example in examples[::step]]
        if len(seen) > 1:
            self._engine.keep_prefix(seen[0][: min(shared_length(seen[0], prompt) for prompt in seen[1:])])

    def _encode(self, example: StoredExample) -> list[int]:
        return self._encoder.encode_prompt(self._with_shots(example.prompt), tools=example.tools)

    def answer(self, batch: Sequence[StoredExample], split: str) -> list[Prediction]:
        """Return the predictions of some rows, which are computed together."""
        conversations = [self._with_shots(example.prompt) for example in batch]
        tools = [example.tools for example in batch]
        prompts = [self._encode(example) for example in batch]
        scores = self._score_labels(prompts, conversations, tools)
        answers = self._generate(prompts, scores)
        return [
            self._as_prediction(example, split, prompt=prompt, answer=answer, scores=label_scores)
            for example, prompt, answer, label_scores in zip(batch, prompts, answers, scores, strict=True)
        ]

    def _score_labels(
        self, prompts: list[list[int]], conversations: list[tuple[Message, ...]], tools: list[str]
    ) -> list[list[LabelScore]]:
        """Score every label of every prompt; empty lists when the task has no small closed set."""
        labels = self._spec.task.labels
        if self._spec.task.task_type != "labels" or not 2 <= len(labels) <= MAX_SCORED_LABELS:
            return [[] for _ in prompts]
        answers = [
            self._encoder.encode_answers(messages, labels, tools=its_tools)
            for messages, its_tools in zip(conversations, tools, strict=True)
        ]
        scores = self._engine.score(prompts, answers)
        return [
            [LabelScore(*item) for item in zip(labels, ids, found, strict=True)]
            for ids, found in zip(answers, scores, strict=True)
        ]

    def _generate(self, prompts: list[list[int]], scores: list[list[LabelScore]]) -> list[Answer]:
        """Return the greedy answers, decoding only where scoring has not already shown them.

        When every token of a label was the most probable one, that label *is* the greedy answer.
        """
        answers: list[Answer | None] = [
            next((Answer(tuple(item.token_ids[:-1]), "stop") for item in found if item.score.is_greedy), None)
            for found in scores
        ]
        open_places = [place for place, answer in enumerate(answers) if answer is None]
        if open_places:
            limit = self._spec.prediction.max_new_tokens
            generated = self._engine.generate([prompts[place] for place in open_places], limit)
            for place, answer in zip(open_places, generated, strict=True):
                answers[place] = answer
        return [answer for answer in answers if answer is not None]

    def _as_prediction(
        self,
        example: StoredExample,
        split: str,
        *,
        prompt: list[int],
        answer: Answer,
        scores: list[LabelScore],
    ) -> Prediction:
        probabilities, mass = normalise_labels(scores) if scores else (None, None)
        return Prediction(
            example_id=example.example_id,
            split=split,
            model=self._model,
            prompt_sha256=example.prompt_sha256,
            reference=example.reference,
            output=self._encoder.decode(answer.token_ids),
            status="ok" if answer.finish_reason == "stop" else "truncated",
            finish_reason=answer.finish_reason,
            label_probabilities=probabilities,
            label_mass=mass,
            group=example.group,
            in_train=example.prompt_sha256 in self._train_prompts,
            num_prompt_tokens=len(prompt),
            num_output_tokens=len(answer.token_ids),
            seed=self._spec.training.seed,
        )

    def _with_shots(self, prompt: tuple[Message, ...]) -> tuple[Message, ...]:
        """Put the shots between the system prompt and the question."""
        num_system = sum(1 for message in prompt if message.role in ("system", "developer"))
        return (*prompt[:num_system], *self._shots, *prompt[num_system:])


def choose_shots(train: Sequence[StoredExample], spec: Spec) -> tuple[Message, ...]:
    """Return the turns of some training examples, drawn by the seed; labels are taken in turn.

    With closed labels the shots go round the labels, so that a rare label is shown too.
    """
    order = [train[index] for index in epoch_order(len(train), spec.training.seed, -1)]
    chosen: list[StoredExample] = []
    while order and len(chosen) < spec.prediction.num_shots:
        shown = [example.reference for example in chosen]
        chosen.append(order.pop(_least_shown(order, shown) if spec.task.task_type == "labels" else 0))
    return tuple(
        message
        for example in chosen
        for message in example.messages
        if message.role in ("user", "assistant", "tool")
    )


def normalise_labels(scores: Sequence[LabelScore]) -> tuple[dict[str, float], float]:
    """Return p(label) renormalised over the labels, and their unnormalised mass."""
    largest = max(item.score.log_probability for item in scores)
    weights = {item.label: math.exp(item.score.log_probability - largest) for item in scores}
    total = sum(weights.values())
    mass = math.exp(largest) * total
    return {label: weight / total for label, weight in weights.items()}, min(1.0, mass)


def _least_shown(order: Sequence[StoredExample], shown: Sequence[str]) -> int:
    return min(range(len(order)), key=lambda index: (shown.count(order[index].reference), index))


def _recover(part: Path, batch_size: int) -> int:
    """Return how many answers an interrupted prediction left, and cut off the lines of a torn batch.

    Batches must not move: how rows are put together decides the last digits of their scores.
    """
    if not part.is_file():
        return 0
    lines = [line for line in part.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    whole = lines[: len(lines) // batch_size * batch_size]
    os.truncate(part, sum(map(len, whole)))
    return len(whole)


def _append(part: Path, data: bytes) -> None:
    with translate_os_errors(part):
        part.parent.mkdir(exist_ok=True)
        with part.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _publish(part: Path, path: Path) -> None:
    os.replace(part, path)
    sync_folder(path.parent)
