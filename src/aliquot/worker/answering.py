"""Prompts to answers with one engine: greedy texts and, for closed labels, the label probabilities.

The one way in which a loaded model of ours answers: the rows of a run and rows that are new.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from aliquot.core.dataset import Task
from aliquot.core.prompt import Prompt, PromptAnswer
from aliquot.inference.engine import Answer, AnswerScore, Engine
from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.prefix_tree import shared_length

MAX_SCORED_LABELS = 64
"""Above this many labels every label of every item is no longer scored."""

PROMPTS_SEEN = 32
"""Prompts of a set that are looked at for what all of them begin with."""


class LabelScore(NamedTuple):
    """One label of a closed set as an answer to one prompt; the ids end with the stop token."""

    label: str
    token_ids: list[int]
    score: AnswerScore


def scored_labels(task: Task | None) -> tuple[str, ...]:
    """Return the labels whose probability is computed; none when the task has no small closed set."""
    if task is None or task.task_type != "labels" or not 2 <= len(task.labels) <= MAX_SCORED_LABELS:
        return ()
    return task.labels


class Answerer:
    """Answers prompts, a batch at a time.

    Args:
        encoder: Of the model.
        engine: The loaded model.
        labels: Whose probability is computed for each prompt; none for open answers.
        max_new_tokens: Longest answer.
    """

    def __init__(
        self, encoder: Encoder, engine: Engine, *, labels: Sequence[str], max_new_tokens: int
    ) -> None:
        self._encoder = encoder
        self._engine = engine
        self._labels = labels
        self._limit = max_new_tokens

    def encode(self, prompt: Prompt) -> list[int]:
        """Return a prompt's ids."""
        return self._encoder.encode_prompt(prompt.messages, tools=prompt.tools)

    def expect(self, prompts: Sequence[Prompt]) -> None:
        """Tell the engine what the prompts of a set begin with, going by some from all over it."""
        seen = [tuple(self.encode(prompt)) for prompt in prompts]
        if len(seen) > 1:
            self._engine.keep_prefix(seen[0][: min(shared_length(seen[0], ids) for ids in seen[1:])])

    def answer(self, prompts: Sequence[Prompt]) -> list[PromptAnswer]:
        """Return the greedy answer to each prompt, in order; the batch is what is given."""
        ids = [self.encode(prompt) for prompt in prompts]
        scores = self._score_labels(prompts, ids)
        answers = self._generate(ids, scores)
        return [
            self._as_answer(its_ids, answer, found)
            for its_ids, answer, found in zip(ids, answers, scores, strict=True)
        ]

    def _score_labels(self, prompts: Sequence[Prompt], ids: list[list[int]]) -> list[list[LabelScore]]:
        """Score every label of every prompt."""
        if not self._labels:
            return [[] for _ in prompts]
        answers = [
            self._encoder.encode_answers(prompt.messages, self._labels, tools=prompt.tools)
            for prompt in prompts
        ]
        scores = self._engine.score(ids, answers)
        return [
            [LabelScore(*item) for item in zip(self._labels, its_ids, found, strict=True)]
            for its_ids, found in zip(answers, scores, strict=True)
        ]

    def _generate(self, ids: list[list[int]], scores: list[list[LabelScore]]) -> list[Answer]:
        """Return the greedy answers, decoding only where scoring has not already shown them.

        When every token of a label was the most probable one, that label *is* the greedy answer.
        """
        answers: list[Answer | None] = [
            next((Answer(tuple(item.token_ids[:-1]), "stop") for item in found if item.score.is_greedy), None)
            for found in scores
        ]
        open_places = [place for place, answer in enumerate(answers) if answer is None]
        if open_places:
            generated = self._engine.generate([ids[place] for place in open_places], self._limit)
            for place, answer in zip(open_places, generated, strict=True):
                answers[place] = answer
        return [answer for answer in answers if answer is not None]

    def _as_answer(self, ids: list[int], answer: Answer, scores: list[LabelScore]) -> PromptAnswer:
        probabilities, mass = normalise_labels(scores) if scores else (None, None)
        return PromptAnswer(
            text=self._encoder.decode(answer.token_ids),
            status="ok" if answer.finish_reason == "stop" else "truncated",
            finish_reason=answer.finish_reason,
            label_probabilities=probabilities,
            label_mass=mass,
            num_prompt_tokens=len(ids),
            num_output_tokens=len(answer.token_ids),
        )


def normalise_labels(scores: Sequence[LabelScore]) -> tuple[dict[str, float], float]:
    """Return p(label) renormalised over the labels, and their unnormalised mass."""
    largest = max(item.score.log_probability for item in scores)
    weights = {item.label: math.exp(item.score.log_probability - largest) for item in scores}
    total = sum(weights.values())
    mass = math.exp(largest) * total
    return {label: weight / total for label, weight in weights.items()}, min(1.0, mass)
