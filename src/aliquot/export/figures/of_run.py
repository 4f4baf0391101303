"""The figures of a run: which of its records each one draws. Used by the page and by the figure writers."""

from __future__ import annotations

import contextlib

from aliquot.core.result import ModelResult, Score
from aliquot.export.answers import AnsweredRow, read_answers
from aliquot.export.calibration import list_panels
from aliquot.export.figures.confusion_matrix import confusion_matrix
from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.figures.loss_curve import loss_curve
from aliquot.export.figures.reliability_diagram import reliability_diagram
from aliquot.export.figures.scatter import scatter
from aliquot.export.history import History, read_history
from aliquot.export.record import RunRecord, ScoredRecord
from aliquot.export.wording import heading


def draw_forest_plot(record: ScoredRecord) -> str | None:
    """Return the forest plot, None before anything was scored."""
    return forest_plot(record.report) if record.report and record.report.results else None


def draw_loss_curve(record: RunRecord, history: History | None = None) -> str | None:
    """Return the loss curve, None before the first step."""
    history = history or read_history(record.events)
    if not history.steps:
        return None
    is_done = record.run_dir.find_weights_dir() is not None
    training = record.spec.training
    per = "pair" if training.objective == "dpo" else "trained token"
    return loss_curve(history, num_steps=training.num_steps, is_done=is_done, per=per)


def draw_confusion_matrix(record: ScoredRecord) -> str | None:
    """Return the confusion matrix of the tuned model, or of the one that others are compared with.

    None for other tasks and before it was scored.
    """
    result = _find_reference(record)
    if record.report is None or result is None:
        return None
    tables = (each for each in record.report.confusions if each.model == result.model)
    return next((confusion_matrix(table, title=heading(result)) for table in tables), None)


def draw_reliability_diagram(record: ScoredRecord) -> str | None:
    """Return right answers by confidence, None before a language model was scored with probabilities."""
    panels = list_panels(record.report) if record.report else ()
    return reliability_diagram(panels) if panels else None


def draw_reference_scatter(record: ScoredRecord) -> str | None:
    """Return that model's answers against the references, None for other tasks and before scoring."""
    result = _find_reference(record)
    if record.report is None or result is None or record.report.task_type != "number":
        return None
    return draw_scatter(read_answers(record), result)


def _find_reference(record: ScoredRecord) -> ModelResult | None:
    return record.report.get_result(record.report.reference) if record.report else None


def draw_scatter(rows: list[AnsweredRow], result: ModelResult) -> str:
    """Return one model's answers against the references of a number task."""
    scores = [row.scores[result.model] for row in rows if result.model in row.scores]
    points = [point for point in map(_as_point, scores) if point]
    return scatter(
        points,
        title=f"Answers of {result.title} against the references",
        num_unread=len(scores) - len(points),
    )


def _as_point(score: Score) -> tuple[float, float] | None:
    with contextlib.suppress(ValueError):
        if score.parsed is not None:
            return float(score.reference), float(score.parsed)
    return None
