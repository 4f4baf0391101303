"""What a cross-validation says in words: what is missing first, then what was found, then what limits it."""

from __future__ import annotations

from collections.abc import Mapping

from aliquot.core.crossval import CrossvalReport
from aliquot.core.result import ModelResult
from aliquot.core.wording import in_sentence
from aliquot.evaluation.wording import join_words

BENGIO = "Bengio and Grandvalet 2004, J. Mach. Learn. Res. 5:1089"
FORMAN = "Forman and Scholz 2010, doi 10.1145/1882471.1882479"
FEW_GROUPS = 20
"""With fewer groups, resampled groups are few and intervals rough."""
ACROSS_MODELS = ("roc_auc", "average_precision")
"""Metrics that rank items by probabilities, which come from other models in other folds."""


def write_folds_headline(report: CrossvalReport) -> str:
    """Return the first thing to know; a missing fold comes before any figure."""
    pooled = report.pooled
    lack = (
        ""
        if report.is_whole
        else f"{report.num_folds_planned - len(report.folds)} of {report.num_folds_planned} folds have no "
        f"result yet: {pooled.num_items:,} of {report.num_rows:,} rows were test. "
    )
    return f"{lack}{pooled.headline}"


def write_folds_notes(
    report: CrossvalReport, problems: Mapping[str, str], *, num_groups: int | None
) -> tuple[str, ...]:
    """Return what limits the figures, and how they were made.

    Args:
        report: The report, all but its words.
        problems: Why a fold has no result, by cell.
        num_groups: Groups of the pooled rows; None where rows have none.
    """
    notes = [f"{cell_id} has no result: {problem}" for cell_id, problem in problems.items()]
    notes += [_say_pooled(report), _say_spread(report), _say_fixed(report)]
    if num_groups is not None and num_groups < FEW_GROUPS:
        notes.append(
            f"Rows of a group are not independent, so intervals and tests are over groups; there are only "
            f"{num_groups}, and figures from so few are rough."
        )
    if report.group_key:
        notes.append(
            f"The test of every fold is one {report.group_key} that its models were not trained on: the "
            "figures are about groups that are new."
        )
    if ranked := [metric for metric in ACROSS_MODELS if _has(report, metric)]:
        names = join_words([metric.replace("roc_auc", "ROC-AUC").replace("_", " ") for metric in ranked])
        notes.append(
            f"Pooled {names} rank rows of several models by probabilities that need not be on one scale, and "
            f"can be lower than in any fold ({FORMAN}); take each fold's own for those."
        )
    return (*notes, *report.pooled.notes)


def _say_pooled(report: CrossvalReport) -> str:
    tested = report.pooled.num_items
    if not report.is_whole:
        return f"Answers of {len(report.folds)} folds were pooled: {tested:,} rows, each of them test once."
    if tested < report.num_rows:
        left = report.num_rows - tested
        return (
            f"Answers of all {len(report.folds)} folds were pooled: {tested:,} rows, each test exactly once; "
            f"remedies left {left:,} further rows out of the tests."
        )
    return (
        f"Answers of all {len(report.folds)} folds were pooled: each of the {tested:,} rows was test exactly "
        "once, answered by a model that was not trained on it."
    )


def _say_spread(report: CrossvalReport) -> str:
    tuned = report.pooled.get_result("tuned")
    ends = _say_range(report, tuned) if tuned else ""
    return (
        f"{ends}Folds share training rows, so their scores are not independent: the spread over folds is no "
        f"standard error, and no unbiased estimate of one exists ({BENGIO})."
    )


def _say_range(report: CrossvalReport, tuned: ModelResult) -> str:
    values = report.list_values(tuned)
    if len(values) < 2:
        return ""
    title = in_sentence(tuned.primary.title)
    return f"Over folds, {title} of the tuned model goes from {min(values):.3g} to {max(values):.3g}. "


def _say_fixed(report: CrossvalReport) -> str:
    return (
        "Intervals and paired tests are over the pooled rows and take the models as they are: other training "
        f"rows or another training seed would add to them. The {len(report.folds)} tuned models are not one "
        "model; to have one, train on all rows (`data.without_test`)."
    )


def _has(report: CrossvalReport, metric: str) -> bool:
    return any(value.metric == metric for result in report.pooled.results for value in result.metrics)
