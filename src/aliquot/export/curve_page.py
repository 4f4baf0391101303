"""``report.html`` and ``points.csv`` of a learning curve: what more rows bring, and every point."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from aliquot.core.curve import CITATION, Curve, CurvePoint, CurveReport, Gain
from aliquot.core.study import Study
from aliquot.export.figures.learning_curve import learning_curve
from aliquot.export.page.header import Fact
from aliquot.export.study_page import render_study_page
from aliquot.export.wording import (
    count,
    decimals_for,
    fixed,
    heading,
    interval_text,
    listed,
    with_unit,
)

COLUMNS = (
    "model", "base", "num_rows", "metric", "unit", "mean", "low", "high", "confidence", "num_seeds",
    "by_seed", "num_steps", "num_epochs", "run_ids",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    """One number of rows of the tuned model, cells as text; ``links`` lead to the runs' own reports."""

    num_rows: str
    base: str
    value: str
    interval: str
    steps: str
    epochs: str
    by_seed: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    baselines: tuple[str, ...]


def render_curve_page(study: Study, report: CurveReport) -> str:
    """Return the page."""
    decimals = find_decimals(report)
    tuned = [curve for curve in report.curves if curve.kind == "tuned"]
    baselines = [curve for curve in report.curves if curve.kind == "baseline"]
    bases = list(dict.fromkeys(curve.base for curve in tuned))
    return render_study_page(
        "curve.html.j2",
        study,
        report=report,
        title=f"{listed(bases)} on {Path(study.cells[0].data).name}, by number of training rows",
        facts=_list_facts(report, decimals),
        figure=Markup(learning_curve(report)),
        metric=with_unit(report.metric_title, report.unit),
        points=[_point_row(point, curve, baselines, decimals) for curve in tuned for point in curve.points],
        baselines=[heading(curve) for curve in baselines],
        has_bases=len(bases) > 1,
        outlooks=[(curve.base, curve.sentence) for curve in tuned],
        gains=[(curve.base, gain_cells(gain, report)) for curve in tuned for gain in curve.gains],
        fits=[(curve.base, _say_fit(curve)) for curve in tuned if curve.fit],
        methods=describe_curve_methods(report),
    )


def tabulate_points(report: CurveReport) -> str:
    """Return all points of all models as CSV; levels, which no row changes, have no number of rows."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for curve in report.curves:
        for point in curve.points:
            table.writerow(_csv_row(curve, point, report))
    for level in report.levels:
        ends = (
            (level.primary.interval.low, level.primary.interval.high) if level.primary.interval else ("", "")
        )
        table.writerow(
            [level.title, "", "", report.primary_metric, report.unit, _cell(level.primary.value), *ends,
             report.confidence, "", "", "", "", ""]
        )  # fmt: skip
    return out.getvalue()


def find_decimals(report: CurveReport) -> int:
    """Return the decimals of the primary metric throughout."""
    return decimals_for([point.interval for curve in report.curves for point in curve.points])


def gain_cells(gain: Gain, report: CurveReport) -> tuple[str, str, str]:
    """Return more rows, gain and interval as text; shares as points."""
    factor, unit = (100, " points") if report.unit == "share" else (1, "")
    decimals = 1 if factor == 100 else 3
    value, low, high = (fixed(factor * one, decimals) for one in (gain.gain, gain.low, gain.high))
    return f"{gain.num_more:,}", f"{value}{unit}", f"[{low}, {high}]"


def describe_curve_methods(report: CurveReport) -> str:
    """Return what a paper must say of the curve, as prose."""
    missing = report.num_planned - len({name for name in _list_runs(report)})
    lost = f" Of {report.num_planned} runs begun, {missing} gave no result." if missing else ""
    sizes = listed([f"{size:,}" for size in report.sizes])
    seeds = ", and of one training seed less than there are" if len(report.seeds) > 1 else ""
    fitted = (
        f" Fitted was {CITATION}, by weighted least squares with a, b ≥ 0; bands are percentiles over the "
        "same resamples. Data-efficiency factors are ratios of numbers of rows at which two fitted curves "
        "have the same height, within the sizes measured (Jablonka et al. 2024, doi "
        "10.1038/s42256-023-00788-1)."
    )
    return (
        f"Models were tuned on nested subsets of the training rows ({sizes} rows) with "
        f"{count(len(report.seeds), 'seed')} each.{lost} For each seed, whole units (groups, equal prompts) "
        "were taken in the order of a salted hash, labels in proportion, so that each smaller subset is "
        f"part of the next; validation and the {report.num_items:,} test rows were the same throughout, and "
        f"simple baselines were fitted to the same subsets. Intervals are percentiles of "
        f"{report.num_resamples:,} resamples of test items, the same for all sizes{seeds} "
        f"(seed {report.seed})."
        f"{fitted if any(curve.fit for curve in report.curves) else ''}"
    )


def _list_runs(report: CurveReport) -> list[str]:
    return [
        run
        for curve in report.curves
        if curve.kind == "tuned"
        for point in curve.points
        for run in point.run_ids
    ]


def _list_facts(report: CurveReport, decimals: int) -> list[Fact]:
    tuned = next(curve for curve in report.curves if curve.kind == "tuned")
    last = tuned.points[-1]
    facts = [
        Fact(
            label=f"{with_unit(report.metric_title, report.unit)}, all rows",
            value=fixed(last.value, decimals),
            more=interval_text(last.interval, decimals),
        )
    ]
    if tuned.gains:
        more, value, interval = gain_cells(tuned.gains[0], report)
        facts.append(Fact(label=f"{more} more rows", value=f"+{value}", more=interval))
    facts.append(
        Fact(
            label="Training rows",
            value=f"{report.sizes[0]:,} to {report.sizes[-1]:,}",
            more=f"{count(len(report.sizes), 'size')}, {count(len(report.seeds), 'seed')}",
        )
    )
    facts.append(
        Fact(
            label="Measured on", value=f"{report.num_items:,} {report.split} rows", more="the same throughout"
        )
    )
    return facts


def _point_row(point: CurvePoint, curve: Curve, baselines: Sequence[Curve], decimals: int) -> PointRow:
    links = [
        (seed, f"../{run}/report.html")
        for seed, run in zip((fixed(value, decimals) for value in point.by_seed), point.run_ids, strict=True)
    ]
    same = [next((one for one in each.points if one.num_rows == point.num_rows), None) for each in baselines]
    return PointRow(
        num_rows=f"{point.num_rows:,}",
        base=curve.base,
        value=fixed(point.value, decimals),
        interval=interval_text(point.interval, decimals),
        steps=f"{point.num_steps:,.0f}",
        epochs=f"{point.num_epochs:g}",
        by_seed=tuple(fixed(value, decimals) for value in point.by_seed),
        links=tuple(links),
        baselines=tuple(fixed(one.value if one else None, decimals) for one in same),
    )


def _say_fit(curve: Curve) -> str:
    fit = curve.fit
    assert fit is not None, "asked of fitted curves only"
    return (
        f"error(n) = {fit.floor:.3f} + {fit.scale:.3g} · n^−{fit.exponent:.2f}; a in [{fit.floor_low:.3f}, "
        f"{fit.floor_high:.3f}], c in [{fit.exponent_low:.2f}, {fit.exponent_high:.2f}]"
    )


def _csv_row(curve: Curve, point: CurvePoint, report: CurveReport) -> list[object]:
    ends = (point.interval.low, point.interval.high) if point.interval else ("", "")
    return [
        curve.model, curve.base, point.num_rows, report.primary_metric, report.unit, _cell(point.value),
        *ends, report.confidence, len(point.by_seed), " ".join(str(_cell(value)) for value in point.by_seed),
        f"{point.num_steps:g}", f"{point.num_epochs:g}", " ".join(point.run_ids),
    ]  # fmt: skip


def _cell(value: float | None) -> object:
    return "" if value is None else value
