"""How far a judge agrees with people: Cohen's kappa, with the interval of every other figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aliquot.core.grade import GradeFile
from aliquot.core.result import Agreement, GraderResult
from aliquot.evaluation.answers import Floats
from aliquot.evaluation.metric import divide
from aliquot.evaluation.resampling import Resampling, Sums, resample
from aliquot.evaluation.statistics import bootstrap_interval

SPLIT = "split"
"""Label of a pair that a judge decided otherwise in the other order."""


def describe_grades(
    file: GradeFile, example_ids: Sequence[str], resampling: Resampling, confidence: float
) -> GraderResult:
    """Return what there is to tell of one grader on one model.

    Args:
        file: Its grades.
        example_ids: Of the N items, in the order of ``resampling``.
        resampling: How items are drawn.
        confidence: Of the interval.
    """
    failed = [grade for grade in file.grades if grade.error]
    errors: dict[str, int] = {}
    for grade in failed:
        errors[grade.error] = errors.get(grade.error, 0) + 1
    return GraderResult(
        grader=file.meaning.name,
        type=file.meaning.type,
        model=file.model,
        num_items=len(file.grades),
        errors=errors,
        first_error=failed[0].detail if failed else "",
        num_split=sum(grade.label == SPLIT for grade in file.grades),
        agreement=_agree(file, example_ids, resampling, confidence),
    )


def _agree(
    file: GradeFile, example_ids: Sequence[str], resampling: Resampling, confidence: float
) -> Agreement | None:
    said = {grade.example_id: grade.label for grade in file.grades if grade.label and not grade.error}
    pairs = {
        place: (said[example_id], file.human_labels[example_id])
        for place, example_id in enumerate(example_ids)
        if example_id in said and example_id in file.human_labels
    }
    if not pairs:
        return None
    sample = resample([cohen_kappa(pairs, len(example_ids))], resampling)[0]
    return Agreement(
        kappa=sample.value if np.isfinite(sample.value) else None,
        interval=bootstrap_interval(sample, confidence),
        share=sum(one == other for one, other in pairs.values()) / len(pairs),
        num_items=len(pairs),
    )


def cohen_kappa(pairs: Mapping[int, tuple[str, str]], num_items: int) -> Sums:
    """Return Cohen's kappa of two raters as a statistic; NaN where both always give one and the same label.

    Source: Cohen, Educ. Psychol. Meas. 20, 37 (1960).

    Args:
        pairs: The two labels of each item that has both, by its place.
        num_items: N; the others count nothing.
    """
    labels = sorted({label for pair in pairs.values() for label in pair})
    number = {label: place for place, label in enumerate(labels)}
    columns_NC = np.zeros((num_items, len(labels) ** 2))
    for place, (one, other) in pairs.items():
        columns_NC[place, number[one] * len(labels) + number[other]] = 1.0

    def of_sums(sums_RC: Floats) -> Floats:
        table_RKK = sums_RC.reshape(-1, len(labels), len(labels))
        total_R = sums_RC.sum(axis=1)
        observed_R = divide(np.trace(table_RKK, axis1=1, axis2=2), total_R)
        chance_R = divide((table_RKK.sum(axis=1) * table_RKK.sum(axis=2)).sum(axis=1), total_R**2)
        return divide(observed_R - chance_R, 1 - chance_R)

    return Sums(columns_NC, of_sums)
