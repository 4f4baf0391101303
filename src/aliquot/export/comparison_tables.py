"""``compare.csv``, ``compare.tex`` and ``disagreements.csv`` of a comparison of models."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from aliquot.core.comparison import ComparedModel, ModelsComparison
from aliquot.core.result import Comparison, EvaluationReport, MetricValue, ModelResult
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.core.wording import p_text
from aliquot.export.wording import fixed, heading, interval_text, metric_title, report_decimals, with_unit
from aliquot.export.writers.results_latex import ARROWS
from aliquot.export.writers.settings_latex import escape

MODEL_COLUMNS = ("name", "run_id", "model", "reference", "num_items", "metric", "value", "low", "high")
TEST_COLUMNS = ("difference", "difference_low", "difference_high", "p_value", "p_value_holm", "test")
COUNT_COLUMNS = ("num_only_model", "num_only_reference")
COST_COLUMNS = (
    "seconds_per_item",
    "cost_usd_per_item",
    "prompt_tokens_per_item",
    "output_tokens_per_item",
)


def write_models(comparison: ModelsComparison) -> str:
    """Return one line per model: score, paired comparison with the reference, cost, how it was made, metrics.

    Differences are model minus reference and empty for the reference itself; what is not known is empty.
    """
    report = comparison.report
    settings = list(dict.fromkeys(name for one in comparison.models for name in one.made_by))
    metrics = [value.metric for value in report.results[0].metrics if value.metric != report.primary_metric]
    columns = (
        *MODEL_COLUMNS,
        *TEST_COLUMNS,
        *COUNT_COLUMNS,
        *COST_COLUMNS,
        "system",
        *(f"made_by.{name}" for name in settings),
        *(f"{name}{end}" for name in metrics for end in ("", ".low", ".high")),
    )
    tests = {one.model: one for one in report.comparisons}
    lines = [
        [
            *(one.name, one.run_id, one.model, int(one.name == report.reference)),
            *(report.num_items, report.primary_metric, *_ends(result.primary)),
            *_test_cells(tests.get(one.name)),
            *(getattr(one, column) for column in COST_COLUMNS),
            one.system,
            *(one.made_by.get(name) for name in settings),
            *(cell for name in metrics for cell in _ends(_find(result, name))),
        ]
        for one, result in _paired(comparison)
    ]
    return _table(columns, lines)


def write_disagreements(comparison: ModelsComparison) -> str:
    """Return one line per item that not all models score alike on, every answer beside its score."""
    names = [one.name for one in comparison.models]
    columns = ["example_id", "line", "prompt", "reference"]
    columns += [f"{name}.{cell}" for name in names for cell in ("answer", "score", "status")]
    lines = [
        [
            *(item.example_id, item.line, item.prompt, item.reference),
            *(cell for one in item.answers for cell in (one.output, one.score, one.status)),
        ]
        for item in comparison.disagreements
    ]
    return _table(columns, lines)


def write_latex(comparison: ModelsComparison) -> str:
    """Return a ``table`` environment: a line per model, the best value bold (package booktabs)."""
    report = comparison.report
    decimals = report_decimals(report)
    primary = report.results[0].primary
    metric = f"{escape(with_unit(metric_title(primary), primary.unit))} {ARROWS[primary.direction]}"
    tests = {one.model: one for one in report.comparisons}
    body = [_latex_line(result, report, tests.get(result.model), decimals) for result in report.results]
    caption = (
        f"Models on the same {report.num_items:,} items, with {report.confidence * 100:g} \\% intervals over "
        f"items. Differences are to {escape(report.reference)}, paired; $p$ adjusted after Holm for "
        f"{len(report.comparisons)} comparison{'' if len(report.comparisons) == 1 else 's'}."
    )
    lines = [
        "% Needs \\usepackage{booktabs} and, with pdfLaTeX, \\usepackage[T1]{fontenc}.",
        "\\begin{table}",
        "\\centering\\footnotesize",
        f"\\caption{{{caption}}}",
        "\\begin{tabular}{@{}lcccc@{}}",
        "\\toprule",
        f"Model & {metric} & interval & difference & $p$ \\\\",
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_line(result: ModelResult, report: EvaluationReport, test: Comparison | None, decimals: int) -> str:
    values = [one.primary.value for one in report.results if one.primary.value is not None]
    best = (max if result.primary.direction == "higher" else min)(values, default=None)
    value = escape(fixed(result.primary.value, decimals))
    if result.primary.value is not None and result.primary.value == best:
        value = f"\\textbf{{{value}}}"
    cells = [escape(heading(result)), value, _braced(interval_text(result.primary.interval, decimals))]
    if test:
        difference = fixed(test.difference, decimals, is_signed=True)
        interval = interval_text(test.interval, decimals, is_signed=True)
        p_value = p_text(test.p_value_holm).removeprefix("p ").removeprefix("= ")
        cells += [_braced(f"{difference} {interval}"), f"${p_value}$"]
    else:
        cells += ["", ""]
    return f"{' & '.join(cells)} \\\\"


def _braced(text: str) -> str:
    # A cell that begins with a bracket would be read as an argument of the line before.
    return f"{{{escape(text)}}}"


def _paired(comparison: ModelsComparison) -> Iterable[tuple[ComparedModel, ModelResult]]:
    return zip(comparison.models, comparison.report.results, strict=True)


def _find(result: ModelResult, metric: str) -> MetricValue | None:
    return next((value for value in result.metrics if value.metric == metric), None)


def _ends(value: MetricValue | None) -> tuple[float | None, float | None, float | None]:
    interval = value.interval if value else None
    return (
        value.value if value else None,
        interval.low if interval else None,
        interval.high if interval else None,
    )


def _test_cells(test: Comparison | None) -> list[Any]:
    if test is None:
        return [""] * (len(TEST_COLUMNS) + len(COUNT_COLUMNS))
    found = [test.difference, test.interval.low, test.interval.high, test.p_value, test.p_value_holm]
    return [*found, test.test, test.num_only_model, test.num_only_other]


def _table(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow([safe_cell(column) for column in columns])
    table.writerows([safe_cell(cell) for cell in line] for line in lines)
    return file.getvalue()
