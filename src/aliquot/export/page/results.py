"""The results: forest plot, table, paired tests, and where the answers go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from aliquot.core.result import EvaluationReport, FieldResult, MetricValue, ModelResult
from aliquot.core.wording import p_text
from aliquot.export.answers import AnsweredRow
from aliquot.export.figures.confusion_matrix import confusion_matrix
from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.figures.of_run import draw_scatter
from aliquot.export.page.all_metrics import MetricTable, describe_all_metrics
from aliquot.export.page.labels import Calibration, LabelTable, describe_calibration, describe_labels
from aliquot.export.record import Scoreboard
from aliquot.export.secondary import list_secondary
from aliquot.export.wording import (
    ABSENT,
    decimals_for,
    fixed,
    heading,
    interval_text,
    listed,
    method_title,
    metric_title,
    primary_title,
    report_decimals,
    with_unit,
)

MAX_FIELDS = 40
"""Fields of JSON records in a table, those of the references first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One model in the results table, cells as text."""

    title: str
    is_tuned: bool
    is_best: bool
    value: str
    interval: str
    without_overlap: str
    others: tuple[str, ...]
    num_unparsed: int
    num_truncated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One paired comparison, words first."""

    sentence: str
    difference: str
    interval: str
    only_model: str
    only_other: str
    p_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFigure:
    """Where one model's answers go wrong; the first is shown, others open on demand."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTable:
    """How one model did on each field of JSON records; the first is shown, others open on demand.

    Attributes:
        rows: Name, accuracy, expected, wrong, missing, extra; as text.
        num_left_out: Fields beyond those shown; scores/report.json has all.
    """

    title: str
    rows: tuple[tuple[str, str, str, str, str, str], ...]
    num_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What the sections Result and Errors print."""

    forest: Markup
    metric: str
    others: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    pairs: tuple[PairRow, ...]
    errors: tuple[ErrorFigure, ...]
    has_overlap: bool
    has_unparsed: bool
    has_truncated: bool
    methods: str
    tests: str
    is_labels: bool
    counts_items: bool
    fields: tuple[FieldTable, ...]
    signatures: tuple[str, ...]
    all_metrics: tuple[MetricTable, ...]
    labels: tuple[LabelTable, ...]
    calibration: Calibration | None


def describe_results(record: Scoreboard, rows: list[AnsweredRow]) -> Results | None:
    """Return the results so far, None before anything was scored."""
    report = record.report
    if report is None or not report.results:
        return None
    secondary = list_secondary(report)
    return Results(
        forest=Markup(forest_plot(report)),
        metric=with_unit(primary_title(report), report.results[0].primary.unit),
        others=tuple(metric_title(_find_value(report, name)) for name in secondary),
        rows=tuple(_row(report, result, secondary, record.results) for result in record.results),
        pairs=_pairs(report),
        errors=_errors(record, rows),
        has_overlap=any(result.without_overlap for result in report.results),
        has_unparsed=any(result.num_unparsed for result in report.results),
        has_truncated=any(result.num_truncated for result in report.results),
        methods=_interval_methods(report),
        tests=_tests(report),
        is_labels=report.task_type == "labels",
        counts_items=any(pair.num_only_model or pair.num_only_other for pair in report.comparisons),
        fields=_field_tables(report, record.results),
        signatures=_signatures(report),
        all_metrics=describe_all_metrics(report, record.results),
        labels=describe_labels(report),
        calibration=describe_calibration(report),
    )


def _row(
    report: EvaluationReport, result: ModelResult, secondary: list[str], best_first: tuple[ModelResult, ...]
) -> ResultRow:
    decimals = report_decimals(report)
    clean = result.without_overlap
    return ResultRow(
        title=heading(result),
        is_tuned=result.model == report.reference,
        is_best=result.primary.value is not None and result.primary.value == best_first[0].primary.value,
        value=fixed(result.primary.value, decimals),
        interval=interval_text(result.primary.interval, decimals),
        without_overlap=fixed(clean.value, decimals) if clean else ABSENT,
        others=tuple(_secondary_text(report, result, name) for name in secondary),
        num_unparsed=result.num_unparsed,
        num_truncated=result.num_truncated,
    )


def _find_value(report: EvaluationReport, name: str) -> MetricValue:
    return next(value for result in report.results for value in result.metrics if value.metric == name)


def _secondary_text(report: EvaluationReport, result: ModelResult, name: str) -> str:
    column = [value for each in report.results for value in each.metrics if value.metric == name]
    value = next((value for value in result.metrics if value.metric == name), None)
    return fixed(value.value, decimals_for(each.interval for each in column)) if value else ABSENT


def _field_tables(report: EvaluationReport, results: tuple[ModelResult, ...]) -> tuple[FieldTable, ...]:
    # The tuned model's table is the one shown; the base follows for comparison, then the rest.
    order = {report.reference: 0, "base": 1}
    tables = []
    for result in sorted(results, key=lambda result: order.get(result.model, 2)):
        fields = [one for one in report.fields if one.model == result.model]
        rows = tuple(_field_row(one) for one in fields[:MAX_FIELDS])
        left_out = len(fields) - len(rows)
        tables += [FieldTable(title=heading(result), rows=rows, num_left_out=left_out)] if rows else []
    return tuple(tables)


def _field_row(field: FieldResult) -> tuple[str, str, str, str, str, str]:
    counts = (field.num_expected, field.num_wrong, field.num_missing, field.num_extra)
    return (field.field or "(whole)", fixed(field.accuracy, 2), *(f"{number:,}" for number in counts))  # type: ignore[return-value]


def _signatures(report: EvaluationReport) -> tuple[str, ...]:
    """Return how the metrics were computed whose name alone does not say it, each once."""
    values = [value for result in report.results for value in result.metrics if value.signature]
    return tuple(dict.fromkeys(f"{metric_title(value)}: {value.signature}." for value in values))


def _pairs(report: EvaluationReport) -> tuple[PairRow, ...]:
    decimals = report_decimals(report)
    return tuple(
        PairRow(
            sentence=each.sentence,
            difference=fixed(each.difference, decimals, is_signed=True),
            interval=interval_text(each.interval, decimals, is_signed=True),
            only_model=f"{each.num_only_model:,}",
            only_other=f"{each.num_only_other:,}",
            p_value=p_text(each.p_value_holm),
        )
        for each in report.comparisons
    )


def _tests(report: EvaluationReport) -> str:
    names = listed(sorted({method_title(comparison.test) for comparison in report.comparisons}))
    return f"On the same rows, two-sided: {names}."


def _errors(record: Scoreboard, rows: list[AnsweredRow]) -> tuple[ErrorFigure, ...]:
    report = record.report
    if report is None:
        return ()
    # The tuned model's figure is the one shown; the base follows for comparison, then the rest.
    order = {report.reference: 0, "base": 1}
    results = sorted(record.results, key=lambda result: order.get(result.model, 2))
    if report.task_type == "number":
        drawn = [(heading(result), draw_scatter(rows, result)) for result in results]
    else:
        tables = {confusion.model: confusion for confusion in report.confusions}
        drawn = [
            (heading(result), confusion_matrix(tables[result.model], title=heading(result)))
            for result in results
            if result.model in tables
        ]
    return tuple(ErrorFigure(title=title, svg=Markup(svg)) for title, svg in drawn)


def _interval_methods(report: EvaluationReport) -> str:
    methods = {result.primary.interval.method for result in report.results if result.primary.interval}
    return ", ".join(sorted(map(method_title, methods)))
