"""1 where a model gives an answer one of the passing labels, else 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Tools, metric_name
from aliquot.evaluation.grader_template import GradeFault, require_template
from aliquot.evaluation.judge import CheckedJudge, Verdict, as_grade, ask_judge


class LabelModel(CheckedJudge, frozen=True, kw_only=True):
    """A model as the judge of which kind an answer is.

    Attributes:
        labels: What it may say.
        passing_labels: Those of them that count 1.
    """

    kind = "label_model"

    labels: tuple[str, ...]
    passing_labels: tuple[str, ...]

    def __post_init__(self) -> None:
        self.require_input()
        require_template(self.human_label or "")
        if len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError(f"found labels {list(self.labels)}, expected two or more different ones")
        foreign = [label for label in self.passing_labels if label not in self.labels]
        if foreign or not self.passing_labels:
            raise ValueError(
                f"found passing_labels {list(self.passing_labels)}, expected some of {list(self.labels)}"
            )

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        words = f"1 where {self.model} judges {' or '.join(self.passing_labels)}, else 0"
        return GraderMeaning(
            name=metric_name(self.name), title=self.name, type=self.kind, words=words, is_binary=True
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer; 0 with an error where the judge gives no label."""
        listed = ", ".join(f'"{label}"' for label in self.labels)
        instruction = (
            'Reply with one JSON object and nothing else: {"steps": [{"description": …, "conclusion": …}], '
            f'"result": one of {listed}}}'
        )
        asked = [{"item": one.item, "sample": one.sample} for one in items if one.has_answer]
        found = iter(ask_judge(self, asked, tools, instruction=instruction, read=self._read))
        return [as_grade(one, next(found) if one.has_answer else Verdict(0.0)) for one in items]

    def as_label(self, said: str) -> str | None:
        """Return the label that people gave, None where it is none of the labels."""
        return said if said in self.labels else None

    def _read(self, result: Any) -> Verdict:
        said = result.strip() if isinstance(result, str) else str(result)
        if said not in self.labels:
            raise GradeFault(
                "model_grader_parse_error", f"the judge's result is none of the labels: {said!r:.200}"
            )
        return Verdict(float(said in self.passing_labels), said)


GRADER = LabelModel
