"""Scoring one answer: prediction in, score out. An answer that cannot be read counts as wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aliquot.core.accepted import read_accepted
from aliquot.core.dataset import StoredExample
from aliquot.core.result import Prediction, Score
from aliquot.errors import RunError
from aliquot.evaluation.byte_model import bits_per_byte
from aliquot.evaluation.normaliser import Normaliser
from aliquot.evaluation.record_schema import RecordSchema, infer_schema

NO_OTHERS: Mapping[str, tuple[str, ...]] = {}


def score_prediction(
    prediction: Prediction, normaliser: Normaliser, also_accepted: tuple[str, ...] = ()
) -> Score:
    """Return the score of one answer: that against the accepted answer which it meets best.

    An answer that was cut off or failed is not an answer: it is unparsed and wrong whatever its text,
    since the number ``-3.2`` may be the beginning of ``-3.25``.

    Args:
        prediction: The answer and its reference.
        normaliser: How both are read and compared.
        also_accepted: Further answers that count as right.

    Raises:
        RunError: An accepted answer itself cannot be read (``reference_unreadable``).
    """
    right = (prediction.reference, *also_accepted)
    accepted = [read_reference(answer, normaliser, prediction.example_id) for answer in right]
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
        raw=float(is_whole and prediction.output in right),
        normalised=_text_cost(prediction)
        if normaliser.task_type == "document"
        else _compare(parsed, accepted, normaliser),
        in_train=prediction.in_train,
        group=prediction.group,
        accepted=also_accepted,
    )


def score_predictions(
    predictions: Iterable[Prediction],
    normaliser: Normaliser,
    also_accepted: Mapping[str, tuple[str, ...]] = NO_OTHERS,
) -> list[Score]:
    """Return the scores of answers, in the same order; further right answers are by example id."""
    return [
        score_prediction(prediction, normaliser, also_accepted.get(prediction.example_id, ()))
        for prediction in predictions
    ]


def list_also_accepted(rows: Iterable[StoredExample], normaliser: Normaliser) -> dict[str, tuple[str, ...]]:
    """Return the further right answers of those rows that name some; a label or number has none."""
    if normaliser.task_type in ("labels", "number"):
        return {}
    others = ((row.example_id, read_accepted(row.metadata)) for row in rows)
    return {example_id: answers for example_id, answers in others if answers}


def read_accepted_answers(rows: Iterable[StoredExample], normaliser: Normaliser) -> list[tuple[str, ...]]:
    """Return what counts as right for each row as the normaliser reads it, the reference first."""
    others = list_also_accepted(rows := list(rows), normaliser)
    return [
        tuple(
            read_reference(answer, normaliser, row.example_id)
            for answer in (row.reference, *others.get(row.example_id, ()))
        )
        for row in rows
    ]


def infer_train_schema(train: Iterable[StoredExample], normaliser: Normaliser) -> RecordSchema | None:
    """Return the form of the training references, for JSON records; None for other answers."""
    if normaliser.task_type != "json":
        return None
    read = (normaliser.read(row.reference) for row in train)
    return infer_schema(record for record in read if record is not None)


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
    "set": "a list of items",
    "json": "one JSON object or array",
    "molecule": "one SMILES",
    "composition": "one chemical formula",
    "document": "a text",
}


def _text_cost(prediction: Prediction) -> float | None:
    if prediction.log_probability is None:
        return None
    return bits_per_byte(-prediction.log_probability, prediction.reference)


def _compare(parsed: str | None, accepted: Sequence[str], normaliser: Normaliser) -> float | None:
    if parsed is None:
        return None if normaliser.task_type == "number" else 0.0
    scores = [normaliser.compare(parsed, expected) for expected in accepted]
    return min(scores) if normaliser.task_type == "number" else max(scores)
