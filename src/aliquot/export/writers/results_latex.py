"""``results.tex``: models by metrics with intervals, as a table for a paper (package booktabs)."""

from __future__ import annotations

from aliquot.core.result import EvaluationReport, MetricValue, ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.export.record import ranked, read_scored
from aliquot.export.secondary import list_secondary
from aliquot.export.wording import decimals_for, fixed, heading, interval_text, metric_title, with_unit
from aliquot.export.writer import Writer
from aliquot.export.writers.settings_latex import escape

MAX_COLUMNS = 5
"""Metrics that fit the width of a page with their intervals; results.csv has all."""
ARROWS = {"higher": r"$\uparrow$", "lower": r"$\downarrow$", "zero": r"$\rightarrow 0$"}
"""Which way is better, behind a metric's name."""


def write_table(run_dir: RunDir) -> str | None:
    """Return a ``table`` environment, ready to be input; None before anything was scored.

    A model takes two lines, its values and below them their intervals; the best value of the primary metric
    is bold, the primary metric stands first.
    """
    report = read_scored(run_dir).report
    return tabulate_report(report) if report and report.results else None


def tabulate_report(report: EvaluationReport) -> str:
    """Return the table of a report that has results; see `write_table`."""
    metrics = [report.primary_metric, *list_secondary(report)][:MAX_COLUMNS]
    columns = [_column(report, name) for name in metrics]
    parts = [
        *_head(report, columns),
        *_body(report, columns),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(parts) + "\n"


def _column(report: EvaluationReport, name: str) -> dict[str, MetricValue]:
    return {
        result.model: value for result in report.results for value in result.metrics if value.metric == name
    }


def _head(report: EvaluationReport, columns: list[dict[str, MetricValue]]) -> list[str]:
    titles = " & ".join(_title(next(iter(column.values()))) for column in columns)
    caption = (
        f"Scores on {report.num_items:,} {escape(report.split)} rows of run {escape(report.run_id)}, with "
        f"{report.confidence * 100:g} \\% intervals over rows."
    )
    return [
        "% Needs \\usepackage{booktabs} and, with pdfLaTeX, \\usepackage[T1]{fontenc}.",
        "\\begin{table}",
        "\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}",
        f"\\caption{{{caption}}}",
        f"\\begin{{tabular}}{{@{{}}l{'c' * len(columns)}@{{}}}}",
        "\\toprule",
        f"Model & {titles} \\\\",
        "\\midrule",
    ]


def _title(value: MetricValue) -> str:
    # A heading of several words is set in lines, or it would be wider than its column.
    words = escape(with_unit(metric_title(value.metric), value.unit)).split()
    lines = " \\\\ ".join([*words[:-1], f"{words[-1]} {ARROWS[value.direction]}"])
    return f"\\begin{{tabular}}[b]{{@{{}}c@{{}}}}{lines}\\end{{tabular}}"


def _body(report: EvaluationReport, columns: list[dict[str, MetricValue]]) -> list[str]:
    decimals = [decimals_for(value.interval for value in column.values()) for column in columns]
    results = ranked(report.results)
    best = results[0].primary.value
    lines = []
    for result in results:
        cells = [column.get(result.model) for column in columns]
        values = [fixed(cell.value if cell else None, n) for cell, n in zip(cells, decimals, strict=True)]
        is_best = best is not None and result.primary.value == best
        lines.append(_values(result, values, is_best))
        intervals = [_interval(cell, n) for cell, n in zip(cells, decimals, strict=True)]
        lines.append(f" & {' & '.join(intervals)} \\\\")
    return lines


def _values(result: ModelResult, values: list[str], is_best: bool) -> str:
    first, *others = map(escape, values)
    first = f"\\textbf{{{first}}}" if is_best else first
    return f"{escape(heading(result.title))} & {' & '.join([first, *others])} \\\\"


def _interval(value: MetricValue | None, decimals: int) -> str:
    # Braces: a line of a table that begins with a bracket is read as an argument of the one before.
    if value is None or value.interval is None:
        return ""
    return f"{{\\scriptsize {escape(interval_text(value.interval, decimals))}}}"


WRITER = Writer(
    name="results_latex",
    filename="results.tex",
    title="Models by metrics with intervals, as a LaTeX table for a paper",
    write=write_table,
)
