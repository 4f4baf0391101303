"""Runs on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views import plan as plan_view
from aliquot.cli.views.layout import facts, heading, table
from aliquot.core.run import RunState
from aliquot.core.spec import Spec
from aliquot.core.wording import in_sentence
from aliquot.export.wording import (
    decimals_for,
    energy,
    metric_text,
    metric_title,
    moment,
    rough_duration,
    size,
)
from aliquot.workflows.progress import RunProgress
from aliquot.workflows.runs import RunDetails, RunSummary

COLOURS = {
    RunState.FINISHED: "green",
    RunState.RUNNING: "cyan",
    RunState.FAILED: "red",
    RunState.STOPPED: "yellow",
    RunState.PAUSED: "yellow",
}


def table_of(runs: tuple[RunSummary, ...]) -> list[RenderableType]:
    """Return a line per run; those that belong together are indented under what they belong to."""
    decimals = decimals_for(one.tuned.interval if one.tuned else None for one in runs)
    rows = [(_name(one), state(one), _tuned(one, decimals), one.base) for one in runs]
    parts: list[RenderableType] = [table(("run", "state", "result", "base"), rows, short=3)]
    return parts + [Text(f"{one.run_id}: {one.problem}", "red") for one in runs if one.problem]


def _name(run: RunSummary) -> str | Text:
    if run.part_of:
        return Text(f"  {run.run_id.removeprefix(run.part_of)}", "dim")
    return run.run_id


def details(record: RunDetails) -> list[RenderableType]:
    """Return one run: state, data, results, plan."""
    one, progress, spec = record.summary, record.progress, record.spec
    left = progress.seconds_left if progress else None
    is_trained = isinstance(spec, Spec)
    shown: list[RenderableType] = [
        facts(
            [
                ("run", one.run_id),
                ("folder", one.path),
                ("state", state(one)),
                ("created", moment(one.created_at)),
                ("data", f"{spec.data.file} (sha256 {spec.data.file_sha256[:12]}…)"),
                (
                    "base" if is_trained else "model",
                    f"{one.base} ({spec.model.revision})" if is_trained else one.base,
                ),
                ("speed", _speed(progress) if progress else ""),
                ("memory", size(progress.memory_bytes) if progress and progress.memory_bytes else ""),
                ("energy", energy(progress.energy_j) if progress and progress.energy_j is not None else ""),
                ("left", rough_duration(left) if left is not None else ""),
                ("result", one.headline),
                ("again", spec.command),
            ]
        ),
    ]
    if isinstance(spec, Spec):
        return [*shown, heading("Plan"), *plan_view.full(spec.plan)]
    return [*shown, *(Text(note, "dim") for note in spec.notes)]


def _speed(progress: RunProgress) -> str:
    if not progress.tokens_per_s:
        return ""
    trained = progress.trained_tokens_per_s or 0
    return f"{progress.tokens_per_s:,.0f} tokens per second, {trained:,.0f} of them with loss"


def state(run: RunSummary) -> Text:
    """Return a run's state in words; a running one with how far it is."""
    if run.kind != "run":
        done = f"{run.kind}, {run.step} of {run.num_steps} done"
        return Text(done, COLOURS.get(run.state, ""))
    if run.is_interrupted:
        return Text("interrupted", "yellow")
    if run.state is RunState.RUNNING and run.step:
        return Text(f"step {run.step:,} of {run.num_steps:,}", "cyan")
    return Text(run.state.value, COLOURS.get(run.state, ""))


def _tuned(run: RunSummary, decimals: int) -> str:
    if run.tuned is None:
        return "–"
    return f"{in_sentence(metric_title(run.tuned.metric))} {metric_text(run.tuned, decimals)}"
