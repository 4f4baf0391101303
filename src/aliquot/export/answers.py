"""The scored answers of all models, lined up by test row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.result import Score
from aliquot.export.record import ScoredRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """One test row with each model's scored answer, by model name."""

    example: StoredExample
    scores: dict[str, Score]


def read_answers(record: ScoredRecord) -> list[AnsweredRow]:
    """Return the rows of the scored split in file order with all scores written so far."""
    if record.report is None:
        return []
    split = record.report.split
    by_model = {
        result.model: {score.example_id: score for score in record.run_dir.read_scores(result.model, split)}
        for result in record.report.results
        if record.run_dir.item_scores_path(result.model, split).is_file()
    }
    return [
        AnsweredRow(
            example=example,
            scores={
                model: scores[example.example_id]
                for model, scores in by_model.items()
                if example.example_id in scores
            },
        )
        for example in record.run_dir.read_rows(split)
    ]


def is_right(score: Score, scored_as: str, tolerance: float | None) -> bool | None:
    """Return whether an answer is right; None for a plain text, and for a number without a tolerance.

    A text is right to the letter, as the exact match counts it; all others as their normaliser reads them.

    Args:
        score: The scored answer.
        scored_as: The kind of answers that its normaliser reads.
        tolerance: Numbers within this distance count as right.
    """
    if scored_as == "document":
        return None
    if scored_as == "text":
        return score.raw == 1.0
    if scored_as != "number":
        return score.normalised == 1.0
    if tolerance is None:
        return None if score.is_parsed else False
    return score.normalised is not None and score.normalised <= tolerance


def shared_start(rows: list[AnsweredRow]) -> tuple[Message, ...]:
    """Return the messages with which every prompt begins, for example one system message; never the last."""
    if len(rows) < 2:
        return ()
    shared = rows[0].example.prompt[:-1]
    for row in rows[1:]:
        prompt = row.example.prompt[:-1]
        length = next(_differences(shared, prompt), min(len(shared), len(prompt)))
        shared = shared[:length]
    return shared


def prompt_text(messages: tuple[Message, ...]) -> str:
    """Return messages as text: a lone user turn as it is, otherwise each turn after its role."""
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].text
    return "\n\n".join(f"{message.role}: {message.text}" for message in messages)


def _differences(one: tuple[Message, ...], other: tuple[Message, ...]) -> Iterator[int]:
    return (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
