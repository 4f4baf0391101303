"""``report.html`` of a comparison of bases, and the leaderboard as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from markupsafe import Markup

from aliquot.core.bench import BenchReport, BenchTask
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.core.study import Study
from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.page.header import Fact
from aliquot.export.record import ranked
from aliquot.export.study_page import list_pairs, render_study_page
from aliquot.export.wording import count, fixed, listed, primary_title, report_decimals
from aliquot.export.writers.results_latex import tabulate_report

COLUMNS = (
    "data",
    "model",
    "kind",
    "metric",
    "value",
    "low",
    "high",
    "confidence",
    "seeds",
    "rank",
    "num_items",
    "unit",
    "better",
    "best_minus_this",
    "p_holm",
)


def render_bench_page(study: Study, report: BenchReport) -> str:
    """Return the page."""
    return render_study_page(
        "bench.html.j2",
        study,
        report=report,
        title=f"{count(len(report.bases), 'base')} on {count(len(report.tasks), 'data set')}",
        facts=_list_facts(report),
        tasks=[
            {
                "name": task.name,
                "num_items": f"{task.scores.num_items:,}",
                "metric": primary_title(task.scores),
                "forest": Markup(forest_plot(task.scores)),
                "pairs": list_pairs(task.scores.comparisons, report_decimals(task.scores)),
                "seeds": list_seed_values(task),
            }
            for task in report.tasks
        ],
        ranking=rank_rows(report),
        hrefs=[(f"../{cell.run_id}/report.html", cell.cell_id) for cell in study.cells],
        methods=describe_bench_methods(report),
    )


def rank_rows(report: BenchReport) -> list[tuple[str, ...]]:
    """Return model, mean rank, and its rank on each data set, as text."""
    titles = {one.model: one.title for task in report.tasks for one in task.scores.results}
    return [
        (titles[row.model], f"{row.mean_rank:.2f}", *(f"{rank:g}" for rank in row.ranks))
        for row in report.ranking
    ]


def list_seed_values(task: BenchTask) -> list[tuple[str, str]]:
    """Return what was tuned with the primary metric of each seed, as text."""
    decimals = report_decimals(task.scores)
    return [
        (model, ", ".join(fixed(value, decimals) for value in values))
        for model, values in task.seed_values.items()
    ]


def tabulate_leaderboard(report: BenchReport) -> str:
    """Return ``leaderboard.csv``: one model on one data set a line, unrounded; what is undefined is empty."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    ranks = {row.model: row.ranks for row in report.ranking}
    for number, task in enumerate(report.tasks):
        against = {one.other: one for one in task.scores.comparisons}
        for result in ranked(task.scores.results):
            primary, test = result.primary, against.get(result.model)
            interval = primary.interval
            ends = (interval.low, interval.high, interval.confidence) if interval else ("",) * 3
            rank = ranks[result.model][number] if result.model in ranks else ""
            seeds = len(task.seed_values.get(result.model, ())) or ""
            found = (test.difference, test.p_value_holm) if test else ("", "")
            cells = (task.name, result.model, result.kind, primary.metric, primary.value, *ends, seeds, rank,
                     primary.num_items, primary.unit, primary.direction, *found)  # fmt: skip
            table.writerow([safe_cell(cell) for cell in cells])
    return file.getvalue()


def tabulate_latex(report: BenchReport) -> str:
    """Return ``results.tex``: a table per data set."""
    return "\n".join(tabulate_report(task.scores) for task in report.tasks if task.scores.results)


def describe_bench_methods(report: BenchReport) -> str:
    """Return what a paper must say of the comparison, as prose."""
    names = listed([task.name for task in report.tasks])
    tests = listed(sorted({one.test for task in report.tasks for one in task.scores.comparisons}))
    compared = (
        f" On each data set the best model was compared with every other on the same items ({tests}; "
        "two-sided, adjusted after Holm for all pairs)."
        if tests
        else ""
    )
    lost = report.num_runs_planned - report.num_runs
    missing = f" Of {report.num_runs_planned} runs begun, {lost} gave no result." if lost else ""
    return (
        f"{listed(list(report.bases))} were tuned on {names} with the same rows and split for every base and "
        f"{count(_num_seeds(report.tasks), 'training seed')}; settings: {report.settings_by}.{missing} Given "
        "are means over seeds with intervals over seeds and test items; untuned bases and baselines answered "
        f"once.{compared}"
    )


def _num_seeds(tasks: Sequence[BenchTask]) -> int:
    return max((len(values) for task in tasks for values in task.seed_values.values()), default=0)


def _list_facts(report: BenchReport) -> list[Fact]:
    return [
        Fact(label="Bases", value=f"{len(report.bases)}", more=listed(list(report.bases))),
        Fact(label="Data sets", value=f"{len(report.tasks)}", more=f"the best is open on {report.num_open}"),
        Fact(label="Settings", value=report.settings_by, more="resolved for each base and data set"),
        Fact(label="Runs", value=f"{report.num_runs} of {report.num_runs_planned}", more="have a result"),
    ]
