"""What a grader is: a number for each answer, by a definition in OpenAI's JSON or by a function of one's own.

A new kind of grader is one file in ``graders/`` with a ``GRADER``: a class whose fields are the JSON's. A
definition that cannot work is refused when it is read; an answer that cannot be graded has the lowest value
and an error, and never ends the others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from aliquot.core.endpoint import EndpointAnswer, Question
from aliquot.core.grade import Grade, GradeError, GraderMeaning
from aliquot.errors import InputError
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader_template import GradeFault
from aliquot.evaluation.metric import METRICS_PACKAGE
from aliquot.plugins import get_extension, list_extensions

GRADERS_PACKAGE = "aliquot.evaluation.graders"
LONGEST_NAME = 60

Complete = Callable[[Sequence[Question]], list[EndpointAnswer]]
"""Asks a service; as many answers as questions, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What graders may use from outside; what is absent is refused before anything is graded.

    Attributes:
        complete: Asks the service that judges.
        judge: Its address; part of what determines a grade.
        tell: Hears what a user should know of how grading goes.
    """

    complete: Complete | None = None
    judge: str = ""
    tell: Callable[[str], None] = lambda words: None


class Grader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grader as it was given; kinds of graders are subclasses, their fields those of the JSON.

    Attributes:
        type: Name of the kind.
        name: What its author calls it.
    """

    type: str
    name: str

    kind: ClassVar[str] = ""
    """Name of the file."""

    @property
    def asks_judge(self) -> bool:
        """Whether a service is asked, which may cost money; answers of simple baselines are then left out."""
        return False

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        raise NotImplementedError

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer, in order; None for one that this kind does not grade."""
        raise NotImplementedError


def read_grader(definition: Any, location: str) -> Grader:
    """Return the grader of a definition.

    Args:
        definition: The JSON, decoded.
        location: Its file, for messages.

    Raises:
        InputError: It is no grader, or one that could not grade anything; the message says why.
    """
    if isinstance(definition, Mapping) and "type" not in definition and "grader" in definition:
        definition = definition["grader"]  # the body of a request to validate or to run one
    if not isinstance(definition, Mapping) or not isinstance(definition.get("type"), str):
        raise invalid("a grader is a JSON object with a type", location)
    kind: type[Grader] = get_extension(GRADERS_PACKAGE, definition["type"], "GRADER")
    unknown = [name for name in definition if name not in kind.__struct_fields__]
    if unknown:
        near = difflib.get_close_matches(unknown[0], kind.__struct_fields__, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(kind.__struct_fields__)}"
        raise invalid(f"a {kind.kind} grader has no field {unknown[0]!r}{hint}", location)
    try:
        return msgspec.convert(dict(definition), kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise invalid(str(error), location) from error


def invalid(fault: str, location: str) -> InputError:
    """Return the error of a definition that is no grader."""
    return InputError(
        f"This is no grader: {fault.removesuffix('.')}.",
        code="grader_invalid",
        location=location,
        hint="docs/how-to/use-graders.md shows one of each type.",
    )


def metric_name(title: str) -> str:
    """Return a grader's name as metrics, columns and files may have it: ``Same unit?`` → ``same_unit``."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:LONGEST_NAME].strip("_")


def list_metric_names(graders: Sequence[Grader]) -> list[str]:
    """Return the names of the metrics that graders become."""
    means = [grader.describe() for grader in graders]
    passing = [f"{one.name}_passed" for one in means if one.pass_threshold is not None]
    return [*(one.name for one in means), *passing]


def require_names(graders: Sequence[tuple[Grader, str]]) -> None:
    """Refuse graders whose names are empty, those of metrics, or alike.

    Args:
        graders: Graders with the place where each is defined.

    Raises:
        InputError: With the place of the first such grader.
    """
    taken = set(list_extensions(METRICS_PACKAGE))
    for grader, location in graders:
        names = list_metric_names([grader])
        if not names[0] or taken.intersection(names):
            why = (
                "another metric or grader is called so" if names[0] else "it holds no letter of a-z, no digit"
            )
            raise invalid(f"{grader.name!r} cannot be its name, {why}", location)
        taken.update(names)


def grade_each(
    items: Sequence[GradedItem], value_of: Callable[[GradedItem], float], *, lowest: float = 0.0
) -> list[Grade]:
    """Return the grade of each answer by a function of it alone; faults of single answers become errors."""
    grades = []
    for item in items:
        try:
            value = value_of(item) if item.has_answer else lowest
            grades.append(Grade(example_id=item.example_id, value=value))
        except GradeFault as fault:
            grades.append(fail(item, fault.error, fault.detail, lowest))
    return grades


def fail(item: GradedItem, error: GradeError, detail: str, lowest: float = 0.0) -> Grade:
    """Return the grade of an answer that could not be graded."""
    return Grade(example_id=item.example_id, value=lowest, error=error, detail=detail[:300])
