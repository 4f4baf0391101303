"""One model's answers to the items of a split, as columns: what every metric computes on.

Shape letters: N items, K labels, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aliquot.core.result import Prediction, Score
from aliquot.evaluation.record_schema import RecordSchema

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

UNDEFINED = float("nan")
"""What a metric gives where it has no value; stored as null."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """N answers of one model. An unparsed answer is an item like any other.

    Attributes:
        labels: The K labels of a task with closed labels, else empty.
        references: Expected answers as the normaliser reads them (a label, a number, folded text).
        outputs: Texts as generated.
        expected: Expected answers as they stand in the data.
        parsed: Answers as the normaliser reads them; None when unparsed.
        accepted: What counts as right for each item as the normaliser reads it, the reference first.
        also_expected: Texts that count as right for each item besides ``expected``.
        raw_N: 1.0 where the output equals the reference to the letter.
        normalised_N: Per-example score after the normaliser; NaN where unparsed numbers have none.
        probabilities_NK: Probability of each label, when the model gave them for every item.
        train_median_N: What an unparsed number is replaced by; NaN when there is none. It is the same for
            all items but those of several runs pooled.
        tolerance: Numbers within this distance count as right.
        schema: What the training references have in common, for JSON records.
        positive_label: The label that is known, where items of the others are unlabelled.
        class_prior: Share of positives among these unlabelled items.
    """

    labels: tuple[str, ...]
    references: tuple[str, ...]
    outputs: tuple[str, ...]
    expected: tuple[str, ...]
    parsed: tuple[str | None, ...]
    accepted: tuple[tuple[str, ...], ...]
    also_expected: tuple[tuple[str, ...], ...]
    raw_N: Floats
    normalised_N: Floats
    train_median_N: Floats
    probabilities_NK: Floats | None = None
    tolerance: float | None = None
    schema: RecordSchema | None = None
    positive_label: str | None = None
    class_prior: float | None = None

    def __len__(self) -> int:
        return len(self.references)

    @cached_property
    def is_parsed_N(self) -> Mask:
        """Where the answer could be read."""
        return np.array([answer is not None for answer in self.parsed], dtype=bool)

    @cached_property
    def reference_index_N(self) -> Indices:
        """Number of the expected label, 0 to K-1."""
        return np.array([self.labels.index(label) for label in self.references], dtype=np.intp)

    @cached_property
    def answer_index_N(self) -> Indices:
        """Number of the answered label; K where unparsed."""
        number = {label: index for index, label in enumerate(self.labels)}
        return np.array([number.get(answer or "", len(number)) for answer in self.parsed], dtype=np.intp)

    @cached_property
    def class_columns_NC(self) -> Floats:
        """One column of zeros and ones per label expected, per label answered (or none), per label hit."""
        expected_NK = np.eye(len(self.labels))[self.reference_index_N]
        answered_NK = np.eye(len(self.labels) + 1)[self.answer_index_N]
        return np.hstack([expected_NK, answered_NK, expected_NK * answered_NK[:, :-1]])

    @cached_property
    def reference_number_N(self) -> Floats:
        """Expected numbers."""
        return np.array([float(reference) for reference in self.references])

    @cached_property
    def number_N(self) -> Floats:
        """Answered numbers, the train median where unparsed."""
        medians = self.train_median_N.tolist()
        return np.array(
            [
                median if text is None else float(text)
                for text, median in zip(self.parsed, medians, strict=True)
            ]
        )

    @cached_property
    def error_N(self) -> Floats:
        """Answered minus expected number, unparsed answers imputed by the train median."""
        return self.number_N - self.reference_number_N

    def take(self, items: Indices) -> Answers:
        """Return the chosen items, in that order; an item may be taken more than once."""

        def choose(column: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(column[item] for item in items)

        probabilities = self.probabilities_NK
        return replace(
            self,
            references=choose(self.references),
            outputs=choose(self.outputs),
            expected=choose(self.expected),
            parsed=choose(self.parsed),
            accepted=choose(self.accepted),
            also_expected=choose(self.also_expected),
            raw_N=self.raw_N[items],
            normalised_N=self.normalised_N[items],
            train_median_N=self.train_median_N[items],
            probabilities_NK=None if probabilities is None else probabilities[items],
        )


def join_answers(*parts: Answers) -> Answers:
    """Return answers as those of one model to all their items, in this order.

    What belongs to no item (labels, tolerance, schema) is that of the first.
    """
    tables = [part.probabilities_NK for part in parts if part.probabilities_NK is not None]
    return replace(
        parts[0],
        references=tuple(chain.from_iterable(part.references for part in parts)),
        outputs=tuple(chain.from_iterable(part.outputs for part in parts)),
        expected=tuple(chain.from_iterable(part.expected for part in parts)),
        parsed=tuple(chain.from_iterable(part.parsed for part in parts)),
        accepted=tuple(chain.from_iterable(part.accepted for part in parts)),
        also_expected=tuple(chain.from_iterable(part.also_expected for part in parts)),
        raw_N=np.concatenate([part.raw_N for part in parts]),
        normalised_N=np.concatenate([part.normalised_N for part in parts]),
        train_median_N=np.concatenate([part.train_median_N for part in parts]),
        probabilities_NK=np.concatenate(tables) if len(tables) == len(parts) else None,
    )


def build_answers(
    scores: Sequence[Score],
    predictions: Sequence[Prediction],
    accepted: Sequence[tuple[str, ...]],
    *,
    labels: tuple[str, ...] = (),
    train_median: float = UNDEFINED,
    tolerance: float | None = None,
    schema: RecordSchema | None = None,
    positive_label: str | None = None,
    class_prior: float | None = None,
) -> Answers:
    """Return scores and the predictions they were made from as columns.

    Args:
        scores: N scores.
        predictions: The N predictions, in the same order.
        accepted: What counts as right for each of the N items as the normaliser reads it, the reference
            first.
        labels: Labels of the task, else empty.
        train_median: What an unparsed number is replaced by.
        tolerance: Numbers within this distance count as right.
        schema: What the training references have in common, for JSON records.
        positive_label: The label that is known, where items of the others are unlabelled.
        class_prior: Share of positives among these unlabelled items.
    """
    return Answers(
        labels=labels,
        references=tuple(right[0] for right in accepted),
        outputs=tuple(score.output for score in scores),
        expected=tuple(score.reference for score in scores),
        parsed=tuple(score.parsed for score in scores),
        accepted=tuple(accepted),
        also_expected=tuple(score.accepted for score in scores),
        raw_N=np.array([score.raw for score in scores], dtype=np.float64),
        normalised_N=np.array(
            [UNDEFINED if score.normalised is None else score.normalised for score in scores]
        ),
        probabilities_NK=_probabilities(predictions, labels),
        train_median_N=np.full(len(scores), train_median),
        tolerance=tolerance,
        schema=schema,
        positive_label=positive_label,
        class_prior=class_prior,
    )


def _probabilities(predictions: Sequence[Prediction], labels: tuple[str, ...]) -> Floats | None:
    rows = [prediction.label_probabilities for prediction in predictions]
    if not labels or not rows or any(row is None for row in rows):
        return None
    return np.array([[row.get(label, 0.0) for label in labels] for row in rows if row is not None])
