"""``report.html`` of a cross-validation: the pooled scores, every fold, and the text for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from aliquot.core.crossval import CrossvalReport, FoldScore
from aliquot.core.result import ModelResult
from aliquot.core.study import Study
from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.page.header import Fact
from aliquot.export.record import ranked
from aliquot.export.study_page import list_pairs, render_study_page
from aliquot.export.wording import (
    ABSENT,
    count,
    fixed,
    heading,
    interval_text,
    listed,
    metric_title,
    report_decimals,
    with_unit,
)

BENGIO = "Bengio and Grandvalet 2004, J. Mach. Learn. Res. 5:1089–1105"


def render_crossval_page(study: Study, report: CrossvalReport) -> str:
    """Return the page."""
    pooled, decimals = report.pooled, report_decimals(report.pooled)
    models = ranked(pooled.results)
    return render_study_page(
        "crossval.html.j2",
        study,
        report=report,
        title=f"{study.cells[0].base} on {Path(study.cells[0].data).name}, cross-validated",
        facts=_list_facts(report, decimals),
        forest=Markup(forest_plot(pooled)),
        metric=with_unit(metric_title(pooled.primary_metric), models[0].primary.unit if models else ""),
        models=[heading(one.title) for one in models],
        folds=[fold_cells(fold, models, decimals) for fold in report.folds],
        ranges=[say_range(report, one, decimals) for one in models],
        hrefs=[f"../{fold.run_id}/report.html" for fold in report.folds],
        pairs=list_pairs(pooled.comparisons, decimals),
        methods=describe_crossval_methods(report),
    )


def fold_cells(fold: FoldScore, models: Sequence[ModelResult], decimals: int) -> tuple[str, ...]:
    """Return one fold as text: its rows, the rows trained on, and the primary metric of each model."""
    values = [fold.values.get(one.model) for one in models]
    return (
        f"{fold.num_items:,}",
        f"{fold.num_trained:,}",
        *(fixed(one.value if one else None, decimals) for one in values),
    )


def say_range(report: CrossvalReport, model: ModelResult, decimals: int) -> str:
    """Return the lowest and highest fold of a model."""
    values = report.list_values(model)
    return f"{fixed(min(values), decimals)} to {fixed(max(values), decimals)}" if values else ABSENT


def say_folds(report: CrossvalReport) -> str:
    """Return how rows were held out, in words: ``5 folds``, ``7 groups (value of molecule)``."""
    number = report.num_folds_planned
    return f"{count(number, 'group')} ({report.group_key})" if report.group_key else count(number, "fold")


def describe_crossval_methods(report: CrossvalReport) -> str:
    """Return what a paper must say of the cross-validation, as prose."""
    pooled = report.pooled
    lost = "" if report.is_whole else f" {report.num_folds_planned - len(report.folds)} gave no result."
    held = (
        f"each value of {report.group_key} in turn was the test and all other rows were trained on"
        if report.group_key
        else "rows were dealt into folds of like size, rows that belong together in one fold, and each fold "
        "in turn was the test while the others were trained on"
    )
    tests = listed(sorted({one.test for one in pooled.comparisons}))
    compared = (
        f" Models were compared on the same pooled items ({tests}; two-sided, adjusted after Holm for "
        f"{len(pooled.comparisons)} comparisons)."
        if tests
        else ""
    )
    return (
        f"Models were cross-validated over {say_folds(report)}: {held}.{lost} Settings were chosen by the "
        "same rules in every fold, and checkpoints on validation rows taken from the training part. The "
        f"{pooled.num_items:,} test answers of all folds were pooled and scored as one test, in which each "
        f"row occurs once; {pooled.confidence * 100:g} % intervals are over these items.{compared} Scores of "
        f"single folds are given without a standard error, since folds share training rows ({BENGIO})."
    )


def _list_facts(report: CrossvalReport, decimals: int) -> list[Fact]:
    tuned = report.pooled.get_result("tuned")
    first = []
    if tuned:
        primary = tuned.primary
        first = [
            Fact(
                label=f"{with_unit(primary.title, primary.unit)}, tuned",
                value=fixed(primary.value, decimals),
                more=interval_text(primary.interval, decimals),
            ),
            Fact(label="Single folds", value=say_range(report, tuned, decimals), more="no standard error"),
        ]
    return [
        *first,
        Fact(label="Held out", value=say_folds(report), more=f"{len(report.folds)} have a result"),
        Fact(
            label="Measured on",
            value=f"{report.pooled.num_items:,} rows",
            more="each of them test exactly once",
        ),
    ]
