"""The linear baseline: TF-IDF of character 1- to 4-grams, then logistic regression or ridge regression.

On short scientific texts it is often as good as a tuned language model, and a report has to say so.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aliquot.core.dataset import Task
from aliquot.evaluation.metrics.negative_log_likelihood import SMALLEST_PROBABILITY
from aliquot.evaluation.ngrams import ngram_vectorizer
from aliquot.evaluation.normaliser import read_number

GRID_C = (1.0, 10.0, 100.0)
"""Inverse strengths of the logistic regression's penalty tried on validation."""
GRID_ALPHA = (0.01, 0.1, 1.0, 10.0)
"""Strengths of the ridge regression's penalty tried on validation."""

Pair = tuple[str, str]
"""Prompt text and reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearAnswers:
    """Answers of the linear model to the test prompts, and the strength it chose, in words."""

    outputs: list[str]
    probabilities: list[dict[str, float]] | None
    note: str


def answer_by_linear_model(
    train: Sequence[Pair], validation: Sequence[Pair], test: Sequence[str], task: Task
) -> LinearAnswers | None:
    """Fit to train, choose the penalty on validation, answer test; None when there is nothing to learn.

    There is nothing to learn from one class, from one number, or from empty prompts.
    """
    distinct = {reference for _, reference in train}
    if len(distinct) < 2 or not any(prompt.strip() for prompt, _ in train):
        return None
    vectorizer = ngram_vectorizer(len(train))
    features = vectorizer.fit_transform([prompt for prompt, _ in train])
    tuned_on = vectorizer.transform([prompt for prompt, _ in validation]) if validation else None
    asked = vectorizer.transform(test)
    references = [reference for _, reference in train]
    checks = [reference for _, reference in validation]
    answer = _classify if task.task_type == "labels" else _regress
    return answer(_Matrices(features, tuned_on, asked), references, checks, task)


@dataclass(frozen=True, slots=True)
class _Matrices:
    """Sparse n-gram features of the three splits."""

    train: Any
    validation: Any | None
    test: Any


def _classify(
    matrices: _Matrices, references: list[str], checks: list[str], task: Task
) -> LinearAnswers | None:
    from sklearn.linear_model import LogisticRegression

    def fit(strength: float) -> Any:
        return _fit(LogisticRegression(C=strength, max_iter=1000), matrices.train, references)

    def loss(model: Any) -> float:
        number = {label: index for index, label in enumerate(model.classes_)}
        table = model.predict_proba(matrices.validation)
        chosen = [
            row[number[label]] if label in number else 0.0 for row, label in zip(table, checks, strict=True)
        ]
        return float(-np.log(np.clip(chosen, SMALLEST_PROBABILITY, 1.0)).mean())

    model, strength = _choose(GRID_C, fit, loss if checks else None)
    table = model.predict_proba(matrices.test)
    labels = [str(label) for label in model.classes_]
    unseen = {label: 0.0 for label in task.labels if label not in labels}
    return LinearAnswers(
        outputs=[labels[index] for index in table.argmax(axis=1)],
        probabilities=[dict(zip(labels, map(float, row), strict=True)) | unseen for row in table],
        note=_describe("Logistic regression", "C", strength, len(checks)),
    )


def _regress(
    matrices: _Matrices, references: list[str], checks: list[str], task: Task
) -> LinearAnswers | None:
    from sklearn.linear_model import Ridge

    numbers = np.array([_number(reference) for reference in references])
    expected = np.array([_number(reference) for reference in checks])
    has_number = np.isfinite(numbers)
    if len(set(numbers[has_number])) < 2:
        return None

    def fit(strength: float) -> Any:
        return _fit(Ridge(alpha=strength), matrices.train[has_number], numbers[has_number])

    def loss(model: Any) -> float:
        return float(np.nanmean(np.abs(model.predict(matrices.validation) - expected)))

    model, strength = _choose(GRID_ALPHA, fit, loss if np.isfinite(expected).any() else None)
    return LinearAnswers(
        outputs=[f"{value:.6g}" for value in model.predict(matrices.test)],
        probabilities=None,
        note=_describe("Ridge regression", "alpha", strength, len(checks)),
    )


def _fit(model: Any, features: Any, answers: Any) -> Any:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # A baseline stopped after 1,000 iterations is as good as converged for our purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, answers)


def _choose(
    grid: Sequence[float], fit: Callable[[float], Any], loss: Callable[[Any], float] | None
) -> tuple[Any, float]:
    """Return the fitted model with the smallest validation loss; the middle strength without one."""
    if loss is None:
        middle = grid[len(grid) // 2]
        return fit(middle), middle
    fitted = [(fit(strength), strength) for strength in grid]
    return min(fitted, key=lambda pair: loss(pair[0]))


def _describe(method: str, symbol: str, strength: float, num_checks: int) -> str:
    how = f"chosen on {num_checks} validation rows" if num_checks else "not tuned: no validation rows"
    return f"{method} on character 1- to 4-grams, {symbol} = {strength:g} ({how})."


def _number(reference: str) -> float:
    value = read_number(reference)
    return math.nan if value is None else value
