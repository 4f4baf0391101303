"""1 where the answer equals, differs from or contains a text, else 0; one that was cut off is never right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Grader, Tools, grade_each, metric_name
from aliquot.evaluation.grader_template import fill, require_template

OPERATIONS: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "eq": ("equals", lambda text, reference: text == reference),
    "ne": ("differs from", lambda text, reference: text != reference),
    "like": ("contains", lambda text, reference: reference in text),
    "ilike": ("contains, whatever the case,", lambda text, reference: reference.lower() in text.lower()),
}


class StringCheck(Grader, frozen=True, kw_only=True):
    """Compares two texts.

    Attributes:
        input: Template of the text.
        reference: Template of what it is compared with.
        operation: ``like`` is whether the text contains the reference, ``ilike`` whatever the case.
    """

    kind = "string_check"

    input: str
    reference: str
    operation: Literal["eq", "ne", "like", "ilike"]

    def __post_init__(self) -> None:
        require_template(self.input)
        require_template(self.reference)

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        words = f"1 where {self.input} {OPERATIONS[self.operation][0]} {self.reference}, else 0"
        return GraderMeaning(
            name=metric_name(self.name), title=self.name, type=self.kind, words=words, is_binary=True
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer."""
        return grade_each(items, self._check)

    def _check(self, item: GradedItem) -> float:
        values = {"item": item.item, "sample": item.sample}
        holds = OPERATIONS[self.operation][1](fill(self.input, values), fill(self.reference, values))
        return float(holds and item.is_whole)


GRADER = StringCheck
