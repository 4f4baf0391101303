"""The head of the page: what was compared, on what, how it stands."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.run import RunState
from aliquot.core.spec import Spec
from aliquot.core.wording import in_sentence
from aliquot.export.data_wording import describe_answers, file_name
from aliquot.export.progress import Progress, find_progress
from aliquot.export.record import RunRecord
from aliquot.export.wording import (
    count,
    duration,
    listed,
    method_in_words,
    primary_title,
    rough_duration,
)

STATES = {
    RunState.PLANNED: "Planned",
    RunState.RUNNING: "Running",
    RunState.STOPPED: "Stopped, can be resumed",
    RunState.PAUSED: "Paused, can be resumed",
    RunState.FAILED: "Failed, can be resumed",
    RunState.CANCELLED: "Cancelled",
    RunState.FINISHED: "Finished",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One answer in the strip under the headline, with a smaller line below."""

    label: str
    value: str
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the top of the page prints."""

    title: str
    lead: str
    state: str
    state_text: str
    now: str
    progress: Progress
    is_settled: bool
    facts: tuple[Fact, ...]


def describe_header(record: RunRecord) -> Header:
    """Return the top of the page."""
    spec = record.spec
    progress = find_progress(record)
    return Header(
        title=f"{base_name(spec)} tuned on {file_name(spec.data)}",
        lead=_lead(record),
        state=record.state.value,
        state_text=_state_text(record),
        now=_took(record) if record.is_settled else _now(progress),
        progress=progress,
        is_settled=record.is_settled,
        facts=(_compared(record), _on(record), _measured(record), _trained(spec)),
    )


def base_name(spec: Spec) -> str:
    """Return the base model's short name."""
    return spec.model.source.name or spec.plan.base


def _lead(record: RunRecord) -> str:
    if record.report and record.report.headline:
        return record.report.headline
    if record.state is RunState.PLANNED:
        return "Nothing has been trained yet. The data is checked and the plan is made; see both below."
    return "No answer has been scored yet. This page fills in while the run goes on."


def _state_text(record: RunRecord) -> str:
    if record.state is RunState.FINISHED and not record.is_scored:
        return "Trained, being scored"
    return STATES[record.state]


def _now(progress: Progress) -> str:
    parts = []
    if progress.now:
        stage = progress.now
        parts.append(f"{stage.title}, {stage.detail}" if stage.detail else stage.title)
    if progress.seconds_left is not None:
        parts.append(f"{rough_duration(progress.seconds_left)} left")
    return " · ".join(parts)


def _took(record: RunRecord) -> str:
    seconds = record.environment.get("stage_s", {}).get("train")
    device = record.environment.get("device_name", "")
    parts = [
        f"training took {duration(seconds)}" if seconds else "",
        f"on {device}" if seconds and device else "",
    ]
    return " ".join(part for part in parts if part)


def _compared(record: RunRecord) -> Fact:
    if record.results:
        titles = [in_sentence(result.title) for result in record.results]
        return Fact(label="Compared", value=count(len(titles), "model"), more=listed(titles))
    return Fact(label="To be compared", value="tuned model, base model, baselines")


def _on(record: RunRecord) -> Fact:
    spec, report = record.spec, record.report
    held_out = report.num_items if report else spec.data.get_split("test").num_examples
    return Fact(label="On", value=f"{count(held_out, 'held-out row')}", more=describe_answers(spec.task))


def _measured(record: RunRecord) -> Fact:
    evaluation = record.spec.evaluation
    return Fact(
        label="Measured by",
        value=primary_title(record.report, evaluation.primary_metric),
        more=f"{evaluation.confidence * 100:g} % intervals, paired tests (Holm)",
    )


def _trained(spec: Spec) -> Fact:
    training = spec.training
    rows = spec.data.get_split("train").num_examples
    return Fact(
        label="Tuned with",
        value=count(rows, "training row"),
        more=f"{method_in_words(training)}, {count(training.num_epochs, 'epoch')}, "
        f"{count(training.num_steps, 'step')}",
    )
