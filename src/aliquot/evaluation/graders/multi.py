"""A formula over the values of other graders: ``0.8 * exact + 0.2 * overlap``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.arithmetic import Formula, read_formula
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Grader, Tools, fail, metric_name, read_grader

UNFIT = ("multi", "pairwise_model")
"""Kinds that cannot be part of another grader."""


class Multi(Grader, frozen=True, kw_only=True):
    """Several graders in one number.

    Attributes:
        graders: By name; also a list, or a single one, each under its own name.
        calculate_output: The formula over these names.
    """

    kind = "multi"

    graders: Any
    calculate_output: str

    def __post_init__(self) -> None:
        parts = self._read_parts()
        unfit = [name for name, part in parts.items() if part.kind in UNFIT]
        if unfit:
            raise ValueError(f"{unfit[0]!r} is a {parts[unfit[0]].kind} grader, which cannot be part of one")
        unknown = sorted(self._read_formula().names - parts.keys())
        if unknown:
            raise ValueError(f"the formula names {unknown[0]!r}; its graders are {', '.join(parts)}")

    @property
    def asks_judge(self) -> bool:
        """Whether a service is asked."""
        return any(part.asks_judge for part in self._read_parts().values())

    def describe(self) -> GraderMeaning:
        """Return what its numbers are; a formula may give any."""
        return GraderMeaning(
            name=metric_name(self.name),
            title=self.name,
            type=self.kind,
            words=self.calculate_output,
            low=None,
            high=None,
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer; 0 with the error of the part that could not be graded."""
        formula = self._read_formula()
        needed = {name: part for name, part in self._read_parts().items() if name in formula.names}
        columns = {name: part.grade(items, tools) for name, part in needed.items()}
        return [
            _combine(
                item,
                formula,
                {name: grade for name, grades in columns.items() if (grade := grades[place]) is not None},
            )
            for place, item in enumerate(items)
        ]

    def _read_formula(self) -> Formula:
        return read_formula(self.calculate_output)

    def _read_parts(self) -> dict[str, Grader]:
        given = self.graders
        if isinstance(given, Mapping) and not isinstance(given.get("type"), str):
            named = [
                ({"name": name, **one} if isinstance(one, Mapping) else one) for name, one in given.items()
            ]
            names = [str(name) for name in given]
        else:
            named = list(given) if isinstance(given, list | tuple) else [given]
            names = [str(one["name"]) if isinstance(one, Mapping) and "name" in one else "" for one in named]
        parts = [read_grader(one, f"{self.name}.graders") for one in named]
        if not parts or not all(names) or len(set(names)) < len(parts):
            raise ValueError("its graders need names, each another one")
        return dict(zip(names, parts, strict=True))


def _combine(item: GradedItem, formula: Formula, parts: Mapping[str, Grade]) -> Grade:
    failed = next((grade for grade in parts.values() if grade.error), None)
    if failed is not None and failed.error:
        return fail(item, failed.error, failed.detail)
    if not item.has_answer:
        return Grade(example_id=item.example_id, value=0.0)
    try:
        value = formula.compute({name: grade.value for name, grade in parts.items()})
    except (ArithmeticError, ValueError) as error:
        return fail(item, "other_error", f"the formula has no value: {error}")
    return Grade(example_id=item.example_id, value=value)


GRADER = Multi
