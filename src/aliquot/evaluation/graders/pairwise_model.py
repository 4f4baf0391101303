"""Whether a judge prefers an answer to that of the model that all are compared with: 1, a draw 0.5, else 0.

Judges favour the answer that they read first, or the second. So each pair is judged in both orders, and only
an answer preferred in both has won.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aliquot.core.grade import Grade, GraderMeaning
from aliquot.evaluation.agreement import SPLIT
from aliquot.evaluation.graded_item import GradedItem
from aliquot.evaluation.grader import Tools, metric_name
from aliquot.evaluation.grader_template import GradeFault
from aliquot.evaluation.judge import Judge, Verdict, as_grade, ask_judge

ROOTS = ("item", "first", "second")
RESULTS = ("first", "second", "tie")
WIN, DRAW, LOSS = 1.0, 0.5, 0.0


class PairwiseModel(Judge, frozen=True, kw_only=True):
    """A model as the judge of which of two answers is better; templates say ``first`` and ``second``."""

    kind = "pairwise_model"

    def __post_init__(self) -> None:
        self.require_input(ROOTS)

    def describe(self) -> GraderMeaning:
        """Return what its numbers are."""
        return GraderMeaning(
            name=metric_name(self.name),
            title=self.name,
            type=self.kind,
            words=f"share of items won against the model compared with, by {self.model} in both orders; "
            "draws count half",
        )

    def grade(self, items: Sequence[GradedItem], tools: Tools) -> Sequence[Grade | None]:
        """Return a grade for each answer that has a rival; the rival's own answers have none."""
        asked = [
            (item, item.rival)
            for item in items
            if item.rival is not None and _settle(item, item.rival) is None
        ]
        orders = [order for item, rival in asked for order in _both_orders(item, rival)]
        instruction = (
            'Reply with one JSON object and nothing else: {"steps": [{"description": …, "conclusion": …}], '
            '"result": "first", "second" or "tie"}'
        )
        found = iter(ask_judge(self, orders, tools, instruction=instruction, read=_read))
        return [
            as_grade(item, _settle(item, item.rival) or _agree(next(found), next(found)))
            if item.rival is not None
            else None
            for item in items
        ]


def _settle(item: GradedItem, rival: GradedItem) -> Verdict | None:
    """Return the verdict on a pair that needs no judge: equal answers, or one that is none."""
    if item.has_answer and rival.has_answer:
        is_equal = item.sample["output_text"] == rival.sample["output_text"]
        return Verdict(DRAW, "tie", "both answers are equal") if is_equal else None
    if item.has_answer == rival.has_answer:
        return Verdict(DRAW, "tie", "neither model answered")
    return Verdict(WIN, "win", "the other gave no answer") if item.has_answer else Verdict(LOSS, "loss")


def _both_orders(item: GradedItem, rival: GradedItem) -> list[dict[str, Any]]:
    return [
        {"item": item.item, "first": item.sample, "second": rival.sample},
        {"item": item.item, "first": rival.sample, "second": item.sample},
    ]


def _read(result: Any) -> Verdict:
    if result not in RESULTS:
        raise GradeFault(
            "model_grader_parse_error", f"the judge's result is none of {RESULTS}: {result!r:.200}"
        )
    return Verdict(0.0, result)


def _agree(one: Verdict | GradeFault, swapped: Verdict | GradeFault) -> Verdict | GradeFault:
    """Return what both orders say of the answer that came first in the first of them."""
    if isinstance(one, GradeFault):
        return one
    if isinstance(swapped, GradeFault):
        return swapped
    said = (one.label, swapped.label)
    if said == ("first", "second"):
        return Verdict(WIN, "win", one.detail)
    if said == ("second", "first"):
        return Verdict(LOSS, "loss", one.detail)
    return Verdict(DRAW, "tie" if said == ("tie", "tie") else SPLIT, one.detail)


GRADER = PairwiseModel
