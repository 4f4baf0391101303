"""Precision, recall and F1 of each label: what a mean over labels hides."""

from __future__ import annotations

import numpy as np

from aliquot.core.result import LabelScores, PerLabel
from aliquot.evaluation.answers import Answers


def score_labels(model: str, answers: Answers) -> PerLabel:
    """Return how a model does on each label of the task, in the task's order."""
    columns_NC, num_labels = answers.class_columns_NC, len(answers.labels)
    counts = columns_NC.sum(axis=0).astype(int)
    expected, answered, right = np.split(counts, [num_labels, 2 * num_labels + 1])
    rows = zip(answers.labels, expected.tolist(), answered[:-1].tolist(), right.tolist(), strict=True)
    return PerLabel(model=model, labels=tuple(_score(*row) for row in rows))


def _score(label: str, num_expected: int, num_answered: int, num_right: int) -> LabelScores:
    return LabelScores(
        label=label,
        num_expected=num_expected,
        num_answered=num_answered,
        num_right=num_right,
        precision=num_right / num_answered if num_answered else None,
        recall=num_right / num_expected if num_expected else None,
        f1=2 * num_right / (num_expected + num_answered) if num_expected + num_answered else None,
    )
