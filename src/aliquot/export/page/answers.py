"""The answers: a handful before and after tuning, and all of them as data for the browser's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aliquot.core.conversation import is_plain_text
from aliquot.core.result import Score
from aliquot.export.answers import AnsweredRow, is_right, prompt_text, shared_start
from aliquot.export.record import Scoreboard
from aliquot.export.wording import heading

NUM_EACH_WAY = 3
UNREADABLE, WRONG, RIGHT, UNDECIDED = -1, 0, 1, 2
"""Verdicts as the page's script knows them."""
WHOLE = ("ok", "unparsed")
"""Of scores: answering ended by itself, whether or not the text could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One test row with the answers of the base and the tuned model."""

    line: int
    prompt: str
    reference: str
    before: str
    after: str
    before_error: str = ""
    after_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAndAfter:
    """Rows where tuning changed the verdict: the first few of each direction, in file order."""

    gained: tuple[Pair, ...]
    lost: tuple[Pair, ...]
    num_gained: int
    num_lost: int
    num_rows: int
    is_number: bool
    start: str
    """With which every prompt begins; left out of each."""


def before_and_after(record: Scoreboard, rows: list[AnsweredRow]) -> BeforeAndAfter | None:
    """Return rows where tuning changed the verdict, None before both models were scored."""
    both = [row for row in rows if "base" in row.scores and "tuned" in row.scores]
    if not both or record.report is None or record.report.task_type == "document":
        return None
    if record.report.task_type == "number":  # how far an answer is that cannot be read, nobody knows
        both = [row for row in both if row.scores["base"].is_parsed and row.scores["tuned"].is_parsed]
    changes = [(row, _gain(record, row)) for row in both]
    gained = [row for row, gain in changes if gain > 0]
    lost = [row for row, gain in changes if gain < 0]
    start, is_number = shared_start(rows), record.report.task_type == "number"
    return BeforeAndAfter(
        gained=tuple(_pair(row, len(start), is_number) for row in gained[:NUM_EACH_WAY]),
        lost=tuple(_pair(row, len(start), is_number) for row in lost[:NUM_EACH_WAY]),
        num_gained=len(gained),
        num_lost=len(lost),
        num_rows=len(both),
        is_number=is_number,
        start=prompt_text(start) if start else "",
    )


def answers_data(record: Scoreboard, rows: list[AnsweredRow]) -> dict[str, Any]:
    """Return every answer as plain data, in lists rather than objects to keep the page small.

    A row is ``[line, example_id, prompt, reference, in_train, answers]``; an answer, in the order of
    ``models``, is ``[output, verdict, error, ending]`` or None where the model has none; the ending is empty
    where the answer is whole, else ``truncated``, ``refused`` or ``error``. Of a plain text the prompt is the
    text, and an answer what it cost the model.
    """
    report = record.report
    start = shared_start(rows)
    order = {report.reference if report else "tuned": 0, "base": 1}
    results = sorted(report.results if report else (), key=lambda result: order.get(result.model, 2))
    models = [result.model for result in results]
    return {
        "run": record.spec.run_id,
        "task": report.task_type if report else record.spec.task.task_type,
        "models": [{"name": result.model, "title": heading(result)} for result in results],
        "start": prompt_text(start) if start else "",
        "rows": [_row(record, row, models, len(start)) for row in rows],
    }


def _row(record: Scoreboard, row: AnsweredRow, models: list[str], start: int) -> list[Any]:
    example = row.example
    in_train = any(score.in_train for score in row.scores.values())
    answers = [_answer(record, row.scores.get(model)) for model in models]
    prompt = prompt_text(example.prompt[start:])
    texts = [example.reference, ""] if is_plain_text(example.messages) else [prompt, example.reference]
    return [example.line, example.example_id, *texts, int(in_train), answers]


def _answer(record: Scoreboard, score: Score | None) -> list[Any] | None:
    if score is None:
        return None
    error = score.normalised if record.spec.task.task_type == "number" else None
    ending = "" if score.status in WHOLE else score.status
    if record.spec.task.task_type == "document":
        cost = "not scored" if score.normalised is None else f"{score.normalised:.3f} bits per byte"
        return [cost, _verdict(record, score), None, ending]
    return [score.output, _verdict(record, score), error, ending]


def _verdict(record: Scoreboard, score: Score) -> int:
    if not score.is_parsed:
        return UNREADABLE
    right = is_right(score, record.spec.evaluation.scored_as, record.spec.evaluation.tolerance)
    return UNDECIDED if right is None else int(right)


def _gain(record: Scoreboard, row: AnsweredRow) -> int:
    """Return 1 where tuning mended an answer, -1 where it spoilt one, 0 where the verdict stayed."""
    before, after = row.scores["base"], row.scores["tuned"]
    if record.spec.task.task_type != "number":
        was_right, is_now = (
            is_right(score, record.spec.evaluation.scored_as, None) for score in (before, after)
        )
        return int(bool(is_now)) - int(bool(was_right))
    old, new = before.normalised, after.normalised
    if old is None or new is None:
        return 0
    return int(new < old) - int(new > old)


def _error_text(score: Score) -> str:
    return "unreadable" if score.normalised is None else f"off by {score.normalised:.3g}"


def _pair(row: AnsweredRow, start: int, is_number: bool) -> Pair:
    return Pair(
        line=row.example.line,
        prompt=prompt_text(row.example.prompt[start:]),
        reference=row.example.reference,
        before=row.scores["base"].output,
        after=row.scores["tuned"].output,
        before_error=_error_text(row.scores["base"]) if is_number else "",
        after_error=_error_text(row.scores["tuned"]) if is_number else "",
    )
