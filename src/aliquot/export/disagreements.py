"""Items that models of a comparison do not score alike on."""

from __future__ import annotations

from collections.abc import Sequence

from aliquot.core.comparison import ComparedAnswer, Disagreement
from aliquot.core.result import Score
from aliquot.export.answers import AnsweredRow, prompt_text


def list_disagreements(rows: Sequence[AnsweredRow], *, is_number: bool) -> tuple[Disagreement, ...]:
    """Return these items in the order of the rows; of numbers the widest spread of errors first.

    Args:
        rows: Items with every model's score.
        is_number: Whether scores are errors of numbers; one that cannot be read is the farthest off.
    """
    apart = [row for row in rows if is_apart(row)]
    if is_number:
        apart.sort(key=_spread, reverse=True)
    return tuple(_describe(row) for row in apart)


def is_apart(row: AnsweredRow) -> bool:
    """Whether not all models have the same score."""
    return len({score.normalised for score in row.scores.values()}) > 1


def _spread(row: AnsweredRow) -> float:
    errors = [score.normalised for score in row.scores.values()]
    known = [error for error in errors if error is not None]
    return float("inf") if len(known) < len(errors) else max(known) - min(known)


def _describe(row: AnsweredRow) -> Disagreement:
    return Disagreement(
        example_id=row.example.example_id,
        line=row.example.line,
        prompt=prompt_text(row.example.prompt),
        reference=row.example.reference,
        answers=tuple(_answer(score) for score in row.scores.values()),
    )


def _answer(score: Score) -> ComparedAnswer:
    return ComparedAnswer(output=score.output, score=score.normalised, status=score.status)
