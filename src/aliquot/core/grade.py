"""What a grader gave: a number for each answer, or why there is none; and how that is kept and told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

GradeError = Literal[
    "invalid_variable_error",
    "sample_parse_error",
    "python_grader_runtime_error",
    "python_grader_server_error",
    "model_grader_parse_error",
    "model_grader_refusal_error",
    "model_grader_server_error",
    "other_error",
]
"""Why an answer has no grade of its own, in OpenAI's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What a grader gave one answer.

    Attributes:
        value: The number; the lowest of the grader's range where there is an error.
        error: Why it could not be graded; empty where it was.
        detail: Words for the error, or what a judge concluded.
        label: The label that a judge chose.
    """

    example_id: str
    value: float
    error: GradeError | Literal[""] = ""
    detail: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderMeaning:
    """What a grader's numbers are: all that a report needs to know of it.

    Attributes:
        name: Of the metric, its columns and its files: letters, digits and underscores.
        title: As its author calls it.
        type: Name of the file in ``evaluation/graders``.
        low, high: Smallest and largest value; None where the grader does not say.
        is_binary: Whether every value is 0 or 1.
        pass_threshold: Values from here on pass; None where nothing passes or fails.
        words: How the value comes about, in one line.
    """

    name: str
    title: str
    type: str
    words: str
    low: float | None = 0.0
    high: float | None = 1.0
    is_binary: bool = False
    pass_threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeFile:
    """All grades of one grader for one model: ``scores/graders/<grader>.<model>.<split>.json``.

    Attributes:
        definition: The grader as it was given, its source text included.
        definition_sha256: Its hash; for a model as a judge, the service's address is in it.
        answers_sha256: Hash of the rows and answers that were graded; other answers have no grades.
        rival: The model whose answers these were compared with; empty where there is none.
        human_labels: What people said of the same answers, by example, in the words of the grader's labels;
            of a score, ``pass`` or ``fail``.
    """

    meaning: GraderMeaning
    model: str
    split: str
    definition: dict[str, Any]
    definition_sha256: str
    answers_sha256: str
    grades: tuple[Grade, ...]
    rival: str = ""
    human_labels: dict[str, str] = field(default_factory=dict)
