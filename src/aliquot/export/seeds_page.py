"""``report.html`` of a group of seeds: mean, spread, every seed, and the text for a paper.

One self-contained file in the look of the run report, without a script. Written by ``workflows``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from aliquot.core.result import EvaluationReport, MetricValue, ModelResult
from aliquot.core.seeds import Consistency, GroupDir, SeedGroup, SeedScore, SeedsMetric, SeedsReport
from aliquot.core.wording import p_text
from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.page.header import Fact
from aliquot.export.page.shell import describe_policy, get_environment, read_asset
from aliquot.export.wording import (
    ABSENT,
    decimals_for,
    fixed,
    interval_text,
    listed,
    metric_title,
    with_unit,
)
from aliquot.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """One seed, cells as text; ``href`` leads to its own report."""

    seed: int
    run_id: str
    href: str
    value: str
    interval: str
    validation_loss: str
    best_step: str
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric over seeds, cells as text."""

    title: str
    mean: str
    sd: str
    interval: str
    values: tuple[str, ...]


def render_seeds_page(group_dir: GroupDir, group: SeedGroup, report: SeedsReport) -> str:
    """Return the page."""
    style = read_asset("report.css")
    decimals = find_decimals(report)
    return (
        get_environment()
        .get_template("seeds.html.j2")
        .render(
            style=Markup(style),
            policy=describe_policy(style),
            version=__version__,
            group=group,
            report=report,
            title=f"{group.base} tuned on {Path(group.data).name} with {len(report.runs)} seeds",
            facts=_list_facts(report, decimals),
            forest=Markup(forest_plot(as_evaluation(report))),
            metric=metric_title(report.primary),
            seeds=[_seed_row(one, group_dir, decimals) for one in report.runs],
            metrics=[_metric_row(one) for one in report.metrics],
            pairs=[
                (
                    one.sentence,
                    fixed(one.difference, decimals, is_signed=True),
                    interval_text(one.interval, decimals, is_signed=True),
                    p_text(one.p_value_holm),
                )
                for one in report.comparisons
            ],
            methods=describe_seed_methods(report),
        )
    )


def find_decimals(report: SeedsReport) -> int:
    """Return the decimals of the primary metric throughout."""
    return decimals_for([report.primary.interval, *(one.primary.interval for one in report.runs)])


def as_evaluation(report: SeedsReport) -> EvaluationReport:
    """Return the seeds, their mean and the other models as one evaluation, for the figure."""
    mean = _as_result(
        "tuned",
        f"tuned, mean of {len(report.runs)} seeds",
        MetricValue(
            metric=report.primary.metric,
            title=report.primary.title,
            value=report.primary.mean,
            interval=report.primary.interval,
            num_items=report.num_items,
            unit=report.primary.unit,
            direction="higher" if report.primary.direction == "higher" else "lower",
        ),
    )
    seeds = [_as_result(f"seed {one.seed}", f"tuned, seed {one.seed}", one.primary) for one in report.runs]
    return EvaluationReport(
        schema_version=report.schema_version,
        run_id=report.group_id,
        split=report.split,
        num_items=report.num_items,
        task_type=report.task_type,
        labels=(),
        primary_metric=report.primary_metric,
        normaliser="",
        confidence=report.confidence,
        num_resamples=report.num_resamples,
        seed=report.seed,
        headline=report.headline,
        results=(mean, *seeds, *report.others),
        comparisons=report.comparisons,
    )


def describe_seed_methods(report: SeedsReport) -> str:
    """Return what a paper must say of the seeds, as prose."""
    seeds = listed([str(one.seed) for one in report.runs])
    missing = report.num_seeds_planned - len(report.runs)
    lost = f" Of {report.num_seeds_planned} seeds begun, {missing} gave no result." if missing else ""
    tests = listed(sorted({one.test for one in report.comparisons}))
    compared = (
        f" The mean over seeds was compared with the other models on the same items ({tests}; two-sided, "
        f"adjusted after Holm for {len(report.comparisons)} comparisons)."
        if tests
        else ""
    )
    consistent = (
        " Consistency is the share of items to which all seeds give the same answer "
        f"({report.consistency.citation})."
        if report.consistency.num_items
        else ""
    )
    return (
        f"Training was repeated with {len(report.runs)} seeds ({seeds}), on the same rows and the same "
        f"split; the seed decides the adapter's first weights, the order of rows and dropout.{lost} All are "
        "reported. Given are the mean and the sample standard deviation over seeds; "
        f"{report.confidence * 100:g} % intervals of the mean are percentiles of {report.num_resamples:,} "
        f"resamples of seeds, then of test items (seed {report.seed}).{consistent}{compared}"
    )


def _as_result(model: str, title: str, value: MetricValue) -> ModelResult:
    return ModelResult(model=model, title=title, split="test", kind="tuned", primary=value, metrics=(value,))


def _list_agreement(consistency: Consistency) -> Sequence[Fact]:
    if not consistency.num_items:
        return ()
    share, by_two = 100 * consistency.share_all_agree, 100 * consistency.mean_pairwise
    more = f"of items by all seeds; {by_two:.0f} % by two, on average"
    return (Fact(label="Same answer", value=f"{share:.0f} %", more=more),)


def _list_facts(report: SeedsReport, decimals: int) -> Sequence[Fact]:
    primary = report.primary
    return (
        Fact(
            label=f"{with_unit(primary.title, primary.unit)}, mean",
            value=fixed(primary.mean, decimals),
            more=interval_text(primary.interval, decimals),
        ),
        Fact(label="Standard deviation", value=fixed(primary.sd, decimals + 1), more="over seeds"),
        *_list_agreement(report.consistency),
        Fact(
            label="Measured on",
            value=f"{report.num_items:,} {report.split} rows",
            more=f"{len(report.runs)} of {report.num_seeds_planned} seeds",
        ),
    )


def _seed_row(score: SeedScore, group_dir: GroupDir, decimals: int) -> SeedRow:
    path = group_dir.run_path(score.seed)
    return SeedRow(
        seed=score.seed,
        run_id=score.run_id,
        href=f"../{path.name}/report.html",
        value=fixed(score.primary.value, decimals),
        interval=interval_text(score.primary.interval, decimals),
        validation_loss=fixed(score.validation_loss, 4),
        best_step=ABSENT if score.best_step is None else f"{score.best_step:,}",
        differs=score.differs,
    )


def _metric_row(metric: SeedsMetric) -> MetricRow:
    decimals = decimals_for([metric.interval])
    return MetricRow(
        title=with_unit(metric_title(metric), metric.unit),
        mean=fixed(metric.mean, decimals),
        sd=fixed(metric.sd, decimals + 1),
        interval=interval_text(metric.interval, decimals),
        values=tuple(fixed(value, decimals) for value in metric.values),
    )
