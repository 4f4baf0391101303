"""The number that a model gives an answer, within a range; asked only at an address that the user names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Tools, metric_name
from aliquot.evaluation.grader_template import GradeFault, require_template
from aliquot.evaluation.judge import CheckedJudge, Verdict, as_grade, ask_judge

_YES, _NO = ("pass", "passed", "true", "yes"), ("fail", "failed", "false", "no")


class ScoreModel(CheckedJudge, frozen=True, kw_only=True):
    """A model as the judge of how good an answer is.

    Attributes:
        range: Smallest and largest number; what lies outside is moved to its end.
        pass_threshold: Numbers from here on pass.
    """

    kind = "score_model"

    range: tuple[float, float] = (0.0, 1.0)
    pass_threshold: float | None = None

    def __post_init__(self) -> None:
        self.require_input()
        if not -math.inf < self.range[0] < self.range[1] < math.inf:
            raise ValueError(f"found range {list(self.range)}, expected two numbers, the smaller one first")
        require_template(self.human_label or "")
        if self.human_label and self.pass_threshold is None:
            raise ValueError("human_label needs a pass_threshold: agreement is on which answers pass")

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        low, high = self.range
        return GraderMeaning(
            name=metric_name(self.name),
            title=self.name,
            type=self.kind,
            words=f"judged by {self.model}, {low:g} to {high:g}",
            low=low,
            high=high,
            pass_threshold=self.pass_threshold,
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer; the lowest of the range where the judge gives no number."""
        low, high = self.range
        instruction = (
            'Reply with one JSON object and nothing else: {"steps": [{"description": …, "conclusion": …}], '
            f'"result": a number from {low:g} to {high:g}}}'
        )
        asked = [{"item": one.item, "sample": one.sample} for one in items if one.has_answer]
        found = iter(ask_judge(self, asked, tools, instruction=instruction, read=self._read))
        none = self._label(low)
        return [as_grade(one, next(found) if one.has_answer else none, low) for one in items]

    def as_label(self, said: str) -> str | None:
        """Return ``pass`` or ``fail``: people may have given a number, or one of such words."""
        if said.lower() in (*_YES, *_NO):
            return "pass" if said.lower() in _YES else "fail"
        try:
            return self._label(float(said)).label
        except ValueError:
            return None

    def _read(self, result: Any) -> Verdict:
        is_number = isinstance(result, int | float) and not isinstance(result, bool) and math.isfinite(result)
        if not is_number:
            raise GradeFault("model_grader_parse_error", f"the judge's result is no number: {result!r:.200}")
        return self._label(min(max(float(result), self.range[0]), self.range[1]))

    def _label(self, value: float) -> Verdict:
        if self.pass_threshold is None:
            return Verdict(value)
        return Verdict(value, "pass" if value >= self.pass_threshold else "fail")


GRADER = ScoreModel
