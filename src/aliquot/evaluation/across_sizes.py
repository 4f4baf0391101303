"""The report of a learning curve from the runs of its cells: every model at every number of training rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aliquot.core.curve import Curve, CurvePoint, CurveReport, Efficiency
from aliquot.core.result import ModelResult
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import SCHEMA_VERSION, Spec
from aliquot.evaluation.across_runs import TUNED, score_same_rows
from aliquot.evaluation.curve_wording import (
    judge,
    phrase,
    say_check,
    say_efficiency,
    say_outlook,
    write_curve_headline,
    write_curve_notes,
)
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.learning_curve import (
    Fitted,
    best_value,
    compare_rows_needed,
    describe_fit,
    fit_curve,
    list_gains,
    point_interval,
    sample_errors,
    slope_interval,
)
from aliquot.evaluation.measure import Measured, measure
from aliquot.evaluation.metric import Metric
from aliquot.evaluation.scored import Scored, plan_resampling
from aliquot.evaluation.wording import model_title

BASELINES = ("linear", "nearest_neighbour", "majority")
_WITHOUT_SLOPE = "majority"
"""It does not learn from rows, so how many it needs is no question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRun:
    """A run of the curve.

    Attributes:
        num_asked: ``data.train_rows`` of its cell, which names its point.
        seed: Its training seed.
    """

    num_asked: int
    seed: int
    base: str
    run_dir: RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A run with its answers, measured."""

    run: SizeRun
    spec: Spec
    measured: Mapping[str, Measured]


def report_curve(
    study_id: str, runs: Sequence[SizeRun], *, num_planned: int, problems: Mapping[str, str]
) -> CurveReport:
    """Return the report of the runs that have answered all test items.

    Args:
        study_id: Name of the study.
        runs: At least one; all with the same test rows.
        num_planned: Cells of the study.
        problems: Why a cell has no result, by cell.

    Raises:
        RunError: Two runs have other test rows or answers that are read in another way (``runs_differ``).
    """
    scored = score_same_rows([run.run_dir for run in runs])
    first, metric = scored[0], scored[0].primary
    known = _measure(runs, scored)
    bases = tuple(dict.fromkeys(run.base for run in runs))
    models = [(TUNED, base) for base in bases]
    models += [(model, bases[0]) for model in BASELINES if any(model in one.measured for one in known)]
    traced = [_trace(known, model, base, metric, first) for model, base in models]
    curves = tuple(curve for curve, _ in traced)
    efficiencies = _compare(traced, first.spec.task.task_type, len(bases) > 1)
    task_type = first.spec.task.task_type
    sizes = sorted({run.num_asked for run in runs})
    return CurveReport(
        schema_version=SCHEMA_VERSION,
        study_id=study_id,
        split=first.split,
        num_items=len(first.rows),
        task_type=task_type,
        primary_metric=metric.name,
        metric_title=metric.title,
        unit=metric.unit,
        direction=metric.direction,
        best_value=best_value(metric),
        confidence=first.spec.evaluation.confidence,
        num_resamples=first.spec.evaluation.num_resamples,
        seed=first.spec.evaluation.seed,
        sizes=tuple(sizes),
        seeds=tuple(sorted({run.seed for run in runs})),
        num_planned=num_planned,
        headline=write_curve_headline(curves, efficiencies, len(bases) > 1),
        curves=curves,
        levels=_list_levels(runs),
        efficiencies=efficiencies,
        notes=write_curve_notes(
            num_seeds=len({run.seed for run in runs}),
            num_missing=num_planned - len(runs),
            problems=dict(problems),
            checks=[_check(curve) for curve in curves if curve.kind == "tuned"],
            has_fit=any(curve.fit for curve in curves),
            settings_differ=len({one.spec.training.num_epochs for one in known}) > 1,
            metric=metric,
        ),
    )


def _measure(runs: Sequence[SizeRun], scored: Sequence[Scored]) -> list[_Known]:
    """Measure tuned models and baselines of all runs on one set of resamples."""
    first = scored[0]
    confidence = first.spec.evaluation.confidence
    resampling = plan_resampling(first.spec, [row.group for row in first.rows])
    answers = {
        f"{number} {model}": one.answers[model]
        for number, one in enumerate(scored)
        for model in (TUNED, *BASELINES)
        if model in one.answers
    }
    found = measure(answers, [first.primary], resampling, confidence)
    known = []
    for number, (run, one) in enumerate(zip(runs, scored, strict=True)):
        of_run = {
            name.partition(" ")[2]: values[first.primary.name]
            for name, values in found.items()
            if name.partition(" ")[0] == str(number)
        }
        assert isinstance(one.spec, Spec), "a run that was trained has a whole specification"
        known.append(_Known(run=run, spec=one.spec, measured=of_run))
    return known


def _trace(
    known: Sequence[_Known], model: str, base: str, metric: Metric, first: Scored
) -> tuple[Curve, Fitted | None]:
    """Return one model's curve, and its fit where there is one."""
    mine = [one for one in known if one.run.base == base and model in one.measured]
    asked = sorted({one.run.num_asked for one in mine})
    groups = [[one for one in mine if one.run.num_asked == size] for size in asked]
    sizes = [float(np.mean([_count_rows(one) for one in group])) for group in groups]
    task_type, confidence = first.spec.task.task_type, first.spec.evaluation.confidence
    curve = Curve(
        model=model,
        title=model_title(model, task_type),
        kind="tuned" if model == TUNED else "baseline",
        base=base if model == TUNED else "",
        points=tuple(_point(group, model, size) for group, size in zip(groups, sizes, strict=True)),
    )
    if best_value(metric) is None or metric.interval == "none":
        return replace(curve, sentence=say_outlook(curve, metric, confidence=confidence)), None
    samples = sample_errors(
        sizes,
        [[one.measured[model].sample for one in group] for group in groups],
        metric,
        confidence=confidence,
        seed=first.spec.evaluation.seed,
    )
    points = tuple(
        replace(point, interval=point_interval(samples, place, metric) if point.value is not None else None)
        for place, point in enumerate(curve.points)
    )
    fitted, slope = fit_curve(samples), slope_interval(samples)
    gains = list_gains(fitted) if fitted else ()
    curve = replace(
        curve,
        points=points,
        slope=slope,
        fit=describe_fit(fitted, metric) if fitted else None,
        gains=gains,
        verdict=judge(gains, slope, float(samples.errors_P[-1]), metric),
    )
    return replace(curve, sentence=say_outlook(curve, metric, confidence=confidence)), fitted


def _point(group: Sequence[_Known], model: str, size: float) -> CurvePoint:
    ordered = sorted(group, key=lambda one: one.run.seed)
    values = [one.measured[model].reported.value for one in ordered]
    defined = [value for value in values if value is not None]
    is_trained = model == TUNED
    return CurvePoint(
        num_rows=round(size),
        value=float(np.mean(defined)) if len(defined) == len(values) else None,
        interval=None,
        by_seed=tuple(values),
        run_ids=tuple(one.run.run_dir.run_id for one in ordered),
        num_steps=float(np.mean([one.spec.training.num_steps for one in ordered])) if is_trained else 0.0,
        num_epochs=float(np.mean([one.spec.training.num_epochs for one in ordered])) if is_trained else 0.0,
    )


def _count_rows(one: _Known) -> int:
    return one.spec.data.get_split("train").num_examples


def _compare(
    traced: Sequence[tuple[Curve, Fitted | None]], task_type: str, several_bases: bool
) -> tuple[Efficiency, ...]:
    """Return how many times the rows others need: the first tuned model against each that learns."""
    curve, fitted = traced[0]
    found = []
    for other, of_other in traced[1:]:
        if fitted is None or of_other is None or other.model == _WITHOUT_SLOPE:
            continue
        factor, low, high, most = compare_rows_needed(fitted, of_other)
        names = [phrase(one.model, one.base, task_type, several_bases) for one in (curve, other)]
        if factor < 1:  # told from the side of the one that needs fewer
            factor, low, high, names = 1 / factor, 1 / high, 1 / low, names[::-1]
        found.append(
            Efficiency(
                model=names[0],
                other=names[1],
                factor=factor,
                low=low,
                high=high,
                most=most,
                sentence=say_efficiency(
                    factor,
                    low,
                    high,
                    most,
                    model=names[0],
                    other=names[1],
                    num_rows=curve.points[-1].num_rows,
                ),
            )
        )
    return tuple(found)


def _check(curve: Curve) -> str:
    last = curve.points[-1]
    if curve.fit is None or last.value is None:
        return ""
    return say_check(curve.fit, last.value, last.interval, last.num_rows)


def _list_levels(runs: Sequence[SizeRun]) -> tuple[ModelResult, ...]:
    """Return the untuned models of each base, from the run that asked them."""
    levels: dict[tuple[str, str], ModelResult] = {}
    several = len({run.base for run in runs}) > 1
    for run in runs:
        report = run.run_dir.find_report() or evaluate_run(run.run_dir)
        for result in report.results:
            if result.kind == "base":
                named = replace(result, title=f"{run.base}, {result.title}") if several else result
                levels[run.base, result.model] = named
    return tuple(levels.values())
