"""Scoring one answer: prediction in, score out. An answer that cannot be read counts as wrong."""

from __future__ import annotations

from collections.abc import Iterable

from aliquot.core.result import Prediction, Score
from aliquot.errors import RunError
from aliquot.evaluation.normaliser import Normaliser


def score_prediction(prediction: Prediction, normaliser: Normaliser) -> Score:
    """Return the score of one answer.

    An answer that was cut off or failed is not an answer: it is unparsed and wrong whatever its text,
    since the number ``-3.2`` may be the beginning of ``-3.25``.

    Raises:
        RunError: The reference itself cannot be read (``reference_unreadable``).
    """
    expected = read_reference(prediction.reference, normaliser, prediction.example_id)
    is_whole = prediction.status == "ok"
    parsed = normaliser.read(prediction.output) if is_whole else None
    return Score(
        example_id=prediction.example_id,
        model=prediction.model,
        split=prediction.split,
        reference=prediction.reference,
        output=prediction.output,
        parsed=parsed,
        is_parsed=parsed is not None,
        status="unparsed" if is_whole and parsed is None else prediction.status,
        raw=float(is_whole and prediction.output == prediction.reference),
        normalised=_compare(parsed, expected, normaliser),
        in_train=prediction.in_train,
        group=prediction.group,
    )


def score_predictions(predictions: Iterable[Prediction], normaliser: Normaliser) -> list[Score]:
    """Return the scores of answers, in the same order."""
    return [score_prediction(prediction, normaliser) for prediction in predictions]


def read_reference(reference: str, normaliser: Normaliser, example_id: str) -> str:
    """Return an expected answer as the normaliser reads it.

    Raises:
        RunError: It cannot be read, so no answer to this item could be right.
    """
    expected = normaliser.read(reference)
    if expected is None:
        raise RunError(
            f"The reference {reference!r} cannot be read by {normaliser.name}, which expects "
            f"{_EXPECTED[normaliser.task_type]}.",
            code="reference_unreadable",
            location=f"example {example_id}",
            hint="Correct the row, or set evaluate.task_type to text.",
        )
    return expected


_EXPECTED = {
    "labels": "one of the task's labels",
    "number": "exactly one number",
    "text": "some text",
}


def _compare(parsed: str | None, expected: str, normaliser: Normaliser) -> float | None:
    if normaliser.task_type == "number":
        return None if parsed is None else abs(float(parsed) - float(expected))
    return float(parsed == expected)
