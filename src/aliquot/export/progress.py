"""How far a run is and what is left, read from its directory without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aliquot.core.run import Event, RunState, list_steps, seconds_between
from aliquot.export.record import RunRecord

StageState = Literal["done", "now", "ahead"]

PREDICTIONS = {
    "base": "Base answers",
    "base_few_shot": "Few-shot answers",
    "base_nearest": "Nearest-shot answers",
    "tuned": "Tuned answers",
}
RECENT_STEPS = 30
"""Steps over which the present speed is taken: enough to even out row lengths, few enough to follow load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of a run; ``share`` is how much of it is done, from 0 to 1."""

    key: str
    title: str
    state: StageState
    share: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        seconds_left: None when nothing is going on or nothing is known.
        as_of: Time stamp of the newest event, or of the plan.
        trouble: What stopped the run, in the worker's words.
    """

    stages: tuple[Stage, ...]
    seconds_left: float | None
    as_of: str
    trouble: str = ""
    hint: str = ""

    @property
    def now(self) -> Stage | None:
        """The stage at work."""
        return next((stage for stage in self.stages if stage.state == "now"), None)


def find_progress(record: RunRecord) -> Progress:
    """Return where a run stands, from its newest events and the files that exist."""
    stages = _list_stages(record)
    last = next((event for event in reversed(record.events) if event.kind == "state"), None)
    stopped = record.state in (
        RunState.STOPPED,
        RunState.PAUSED,
        RunState.FAILED,
        RunState.CANCELLED,
    )
    return Progress(
        stages=stages,
        seconds_left=_seconds_left(record, stages) if record.state is RunState.RUNNING else None,
        as_of=record.events[-1].at if record.events else record.spec.created_at,
        trouble=_told(last, "message") if stopped else "",
        hint=_told(last, "hint") if stopped else "",
    )


def _list_stages(record: RunRecord) -> tuple[Stage, ...]:
    baselines = [result for result in record.results if result.kind == "baseline"]
    models = [model for model in PREDICTIONS if model in record.spec.prediction.models]
    keys = [f"predict {model}" for model in models if model != "tuned"]
    keys += ["train"] + [f"predict {model}" for model in models if model == "tuned"]
    last = _current_stage(record.events)
    if last.startswith("predict ") and last not in keys:  # asked for beside the plan
        keys.append(last)
    stages = [
        Stage(key="check", title="Data checked", state="done", share=1.0),
        Stage(
            key="baselines",
            title="Baselines",
            state="done" if baselines else "ahead",
            share=1.0 if baselines else 0.0,
        ),
        *(_worker_stage(record, key) for key in keys),
        Stage(
            key="score",
            title="Scores",
            state="done" if record.is_scored else "now" if record.state is RunState.FINISHED else "ahead",
            share=float(record.is_scored),
        ),
    ]
    return tuple(stages)


def _worker_stage(record: RunRecord, key: str) -> Stage:
    title = "Training" if key == "train" else _title_answers(key)
    if _is_done(record, key):
        return Stage(key=key, title=title, state="done", share=1.0)
    done, total, noun = _counts(record, key)
    current = record.state is RunState.RUNNING and _current_stage(record.events) == key
    return Stage(
        key=key,
        title=title,
        state="now" if current else "ahead",
        share=done / total if total else 0.0,
        detail=f"{noun} {done:,} of {total:,}" if done else "",
    )


def _title_answers(key: str) -> str:
    model, _, split = key.removeprefix("predict ").partition(" ")
    title = PREDICTIONS.get(model, f"Answers of {model}")
    return f"{title} to {split} rows" if split else title


def _is_done(record: RunRecord, key: str) -> bool:
    if key == "train":
        return record.run_dir.find_weights_dir() is not None
    model, _, other = key.removeprefix("predict ").partition(" ")
    planned = [split for split in record.spec.prediction.splits if record.run_dir.rows_path(split).is_file()]
    splits = [other] if other else planned or ["test"]
    return all(record.run_dir.predictions_path(model, split).is_file() for split in splits)


def _counts(record: RunRecord, key: str) -> tuple[int, int, str]:
    if key == "train":
        steps = list_steps(record.events)
        return (steps[-1].data["step"] if steps else 0, record.spec.training.num_steps, "step")
    event = _last_progress(record.events, key)
    return (event.data["done"], event.data["total"], "row") if event else (0, 0, "row")


def _current_stage(events: tuple[Event, ...]) -> str:
    names = (event.data["name"] for event in reversed(events) if event.kind == "stage")
    return _plain(next(names, ""))


def _last_progress(events: tuple[Event, ...], key: str) -> Event | None:
    for event in reversed(events):
        if event.kind == "progress" and _plain(event.data["stage"]) == key:
            return event
    return None


def _told(event: Event | None, name: str) -> str:
    return str(event.data.get(name, "")) if event else ""


def _plain(name: str) -> str:
    return name.replace(":", " ")


def _seconds_left(record: RunRecord, stages: tuple[Stage, ...]) -> float:
    return sum(_stage_seconds(record, stage) for stage in stages if stage.state != "done")


def _stage_seconds(record: RunRecord, stage: Stage) -> float:
    estimate = record.spec.plan.estimate
    if stage.key == "train":
        per_step = _seconds_per_step(record.events) or record.measured.get("s_per_step")
        left = record.spec.training.num_steps * (1 - stage.share)
        return left * per_step if per_step else estimate.train_s * (1 - stage.share)
    if stage.key.startswith("predict "):
        per_share = _seconds_per_share(record.events, stage.key)
        if per_share:
            return per_share * (1 - stage.share)
        return estimate.predict_s / max(1, len(record.spec.prediction.models))
    return 0.0


def _seconds_per_step(events: tuple[Event, ...]) -> float | None:
    """Wall time per step of late, validations and checkpoints included; None before two steps."""
    since = max((index for index, event in enumerate(events) if event.kind == "state"), default=0)
    steps = [event for event in events[since:] if event.kind == "step"][-RECENT_STEPS:]
    return seconds_between(steps[0], steps[-1]) / (len(steps) - 1) if len(steps) > 1 else None


def _seconds_per_share(events: tuple[Event, ...], key: str) -> float | None:
    """Time that the whole of a stage would take at its speed so far; None before two reports."""
    since = max((index for index, event in enumerate(events) if event.kind == "state"), default=0)
    reports = [
        event for event in events[since:] if event.kind == "progress" and _plain(event.data["stage"]) == key
    ]
    if len(reports) < 2 or reports[-1].data["done"] <= reports[0].data["done"]:
        return None
    share = (reports[-1].data["done"] - reports[0].data["done"]) / reports[-1].data["total"]
    return seconds_between(reports[0], reports[-1]) / share
