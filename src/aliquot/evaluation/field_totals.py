"""Fields of JSON records counted over items and over paths: what the metrics of records are made of.

Shape letters: N items, F fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aliquot.core.result import FieldResult
from aliquot.evaluation.answers import Answers, Floats
from aliquot.evaluation.field_match import Field, count_fields, match_best


@dataclass(frozen=True, slots=True)
class ItemFields:
    """Fields of each of N records: in the reference, in the answer, and in both whatever their value."""

    expected: Floats
    answered: Floats
    found: Floats


@dataclass(frozen=True, slots=True)
class PathFields:
    """Fields of each of N records by path, for the F paths of the references."""

    expected_NF: Floats
    right_NF: Floats


def count_item_fields(answers: Answers) -> ItemFields:
    """Return the counts of every record, against the accepted record that the answer meets best."""
    counts = [count_fields(fields) for fields in _match(answers)]
    return ItemFields(
        expected=np.array([float(one.expected) for one in counts]),
        answered=np.array([float(one.answered) for one in counts]),
        found=np.array([float(one.right + one.wrong) for one in counts]),
    )


def count_path_fields(answers: Answers) -> PathFields:
    """Return the counts of every record and path."""
    matched = list(_match(answers))
    paths = sorted({field.path for fields in matched for field in fields if field.outcome != "extra"})
    place = {path: index for index, path in enumerate(paths)}
    expected_NF, right_NF = np.zeros((2, len(matched), len(paths)))
    for item, fields in enumerate(matched):
        for field in fields:
            if field.outcome != "extra":
                expected_NF[item, place[field.path]] += 1
                right_NF[item, place[field.path]] += field.outcome == "right"
    return PathFields(expected_NF, right_NF)


def list_field_results(model: str, answers: Answers) -> list[FieldResult]:
    """Return how a model did on every field, those of the references first, each by its path."""
    counts: Counter[Field] = Counter(field for fields in _match(answers) for field in fields)
    results = [_sum_up(model, path, counts) for path in sorted({field.path for field in counts})]
    return sorted(results, key=lambda result: result.num_expected == 0)


def _sum_up(model: str, path: str, counts: Counter[Field]) -> FieldResult:
    right, wrong, missing = (counts[Field(path, outcome)] for outcome in ("right", "wrong", "missing"))
    return FieldResult(
        model=model,
        field=path,
        num_expected=right + wrong + missing,
        num_right=right,
        num_wrong=wrong,
        num_missing=missing,
        num_extra=counts[Field(path, "extra")],
    )


def _match(answers: Answers) -> Iterator[tuple[Field, ...]]:
    for answer, accepted in zip(answers.parsed, answers.accepted, strict=True):
        yield match_best(answer, accepted, answers.tolerance)
