"""Asking a model to judge: questions out of templates, replies as JSON, grades out of replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aliquot.core.conversation import read_json
from aliquot.core.endpoint import EndpointAnswer, Question
from aliquot.core.grade import Grade
from aliquot.core.records import canonical_json
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Grader, Tools, fail
from aliquot.evaluation.grader_template import GradeFault, fill, require_template

MAX_TOKENS = 1024
"""Longest reply of a judge, its reasons included, unless the grader says otherwise."""
ROLES = ("system", "developer", "user", "assistant")
_LIMITS = ("max_completions_tokens", "max_completion_tokens", "max_tokens")
_OPTIONS = ("top_p", "reasoning_effort")


class Verdict(NamedTuple):
    """What a judge's reply says."""

    value: float
    label: str = ""
    detail: str = ""


class Judge(Grader, frozen=True, kw_only=True):
    """A grader that asks a model behind an address which the user names.

    Attributes:
        model: The model's name there.
        input: Messages, templates in their content.
        sampling_params: ``temperature`` (0 by default), ``seed``, ``top_p``, ``reasoning_effort`` and
            ``max_completions_tokens``.
    """

    model: str
    input: tuple[dict[str, Any], ...]
    sampling_params: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def asks_judge(self) -> bool:
        """Whether a service is asked."""
        return True

    def require_input(self, roots: tuple[str, ...] = ("item", "sample")) -> None:
        """Refuse messages or parameters that could not be sent.

        Raises:
            ValueError: With what was found.
        """
        if not self.input:
            raise ValueError("input holds no message")
        for message in self.input:
            if message.get("role") not in ROLES or not isinstance(_text_of(message), str):
                raise ValueError(
                    f"found the message {message}, expected a role of {', '.join(ROLES)} and text"
                )
            require_template(_text_of(message), roots)
        known = ("temperature", "seed", *_LIMITS, *_OPTIONS)
        unknown = [name for name in self.sampling_params if name not in known]
        if unknown:
            raise ValueError(f"sampling_params has no {unknown[0]!r}; it has {', '.join(known)}")

    def build_question(self, values: Mapping[str, Any], instruction: str) -> Question:
        """Return what is asked about one answer; the instruction ends the last message.

        Raises:
            GradeFault: A place of the templates has no value here.
        """
        messages = [{"role": one["role"], "content": fill(_text_of(one), values)} for one in self.input]
        messages[-1]["content"] += f"\n\n{instruction}"
        given = self.sampling_params
        return Question(
            model=self.model,
            messages=tuple(messages),
            max_tokens=next((given[name] for name in _LIMITS if given.get(name)), MAX_TOKENS),
            temperature=given.get("temperature", 0.0),
            seed=given.get("seed", 0),
            options={name: given[name] for name in _OPTIONS if given.get(name) is not None},
        )


class CheckedJudge(Judge, frozen=True, kw_only=True):
    """A judge whose verdicts can be compared with those of people.

    Attributes:
        human_label: Template of what people said of the answer.
        human_model: Whose answers people judged; by default the model that all others are compared with.
    """

    human_label: str | None = None
    human_model: str | None = None

    def read_human(self, item: GradedItem) -> str | None:
        """Return the label that people gave, None where they gave none that this judge knows."""
        try:
            said = fill(self.human_label or "", {"item": item.item, "sample": item.sample})
        except GradeFault:
            return None
        return self.as_label(said.strip())

    def as_label(self, said: str) -> str | None:
        """Return what people said in the words of the judge's own labels, None where it is none of them."""
        raise NotImplementedError


def ask_judge(
    judge: Judge,
    all_values: Sequence[Mapping[str, Any]],
    tools: Tools,
    *,
    instruction: str,
    read: Callable[[Any], Verdict],
) -> list[Verdict | GradeFault]:
    """Return what the judge says of each answer, or why it says nothing; the same question is asked once.

    Args:
        judge: The grader.
        all_values: What the templates are filled with, for each answer.
        tools: With what asks.
        instruction: How to reply.
        read: The ``result`` of a reply → what it says; raises a fault where that is none.
    """
    assert tools.complete is not None, "who grades asks for an address first"
    places: list[bytes | GradeFault] = []
    questions: dict[bytes, Question] = {}
    for values in all_values:
        try:
            question = judge.build_question(values, instruction)
        except GradeFault as fault:
            places.append(fault)
            continue
        places.append(key := canonical_json(question))
        questions[key] = question
    replies = tools.complete(list(questions.values())) if questions else []
    answers = dict(zip(questions, replies, strict=True))
    return [place if isinstance(place, GradeFault) else _judge(answers[place], read) for place in places]


def as_grade(item: GradedItem, found: Verdict | GradeFault, lowest: float = 0.0) -> Grade:
    """Return what a judge said of an answer as its grade."""
    if isinstance(found, GradeFault):
        return fail(item, found.error, found.detail, lowest)
    return Grade(example_id=item.example_id, value=found.value, label=found.label, detail=found.detail)


def _judge(answer: EndpointAnswer, read: Callable[[Any], Verdict]) -> Verdict | GradeFault:
    if answer.status == "error":
        return GradeFault("model_grader_server_error", answer.finish_reason)
    if answer.status == "refused":
        return GradeFault("model_grader_refusal_error", answer.output)
    try:
        reply = read_reply(answer.output)
        return read(reply.result)._replace(detail=reply.reason)
    except GradeFault as fault:
        return fault


class Reply(NamedTuple):
    """A judge's reply: what it found, and its last conclusion."""

    result: Any
    reason: str = ""


def read_reply(text: str) -> Reply:
    """Return the result of a reply: that of the last JSON object with one, or the whole text itself.

    Models wrap JSON in words or fences, and think before they reply.

    >>> read_reply('Let me see. {"steps": [], "result": 0.5}').result
    0.5

    Raises:
        GradeFault: There is none.
    """
    found = [one for one in _list_objects(text) if "result" in one]
    if found:
        return Reply(found[-1]["result"], _last_conclusion(found[-1].get("steps")))
    if "{" in text or not text.strip():
        raise GradeFault("model_grader_parse_error", f"the judge's reply holds no result: {text[-200:]!r}")
    return Reply(read_json(text.strip()))


def _list_objects(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects that stand in a text, outer ones only."""
    found, position = [], 0
    decoder = json.JSONDecoder()
    while (position := text.find("{", position)) >= 0:
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        found.append(value)
    return found


def _last_conclusion(steps: Any) -> str:
    last = steps[-1] if isinstance(steps, list) and steps else None
    return str(last.get("conclusion", ""))[:300] if isinstance(last, dict) else ""


def _text_of(message: Mapping[str, Any]) -> Any:
    """Return the text of a message, which may be one part of type ``input_text``."""
    content = message.get("content")
    return content.get("text") if isinstance(content, Mapping) else content
