"""How far a run is, read from its events alone: what a terminal, a page and the API show while it works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aliquot.core.run import Event, RunState, find_state, list_steps
from aliquot.core.spec import Spec

NUM_RECENT_STEPS = 20
"""Steps whose mean duration the time left is computed from: the machine's present speed, not its average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run stands now.

    Attributes:
        stage: Title of the stage at work.
        done, total: Items of this stage; 0 of 0 where it does not count.
        step, num_steps: Optimizer steps.
        loss: Mean training loss of the recent steps.
        validation_loss: Of the last validation.
        tokens_per_s: Tokens of the data trained per second, over the recent steps.
        time_left_s: None until something was measured.
        warnings: What the worker warned of.
    """

    run_id: str
    state: RunState
    stage: str = ""
    done: int = 0
    total: int = 0
    step: int = 0
    num_steps: int = 0
    loss: float | None = None
    validation_loss: float | None = None
    tokens_per_s: float | None = None
    time_left_s: float | None = None
    warnings: tuple[str, ...] = field(default_factory=tuple)


def read_progress(events: Sequence[Event], spec: Spec) -> Progress:
    """Return the progress that the events tell."""
    steps = list_steps(events)
    recent = steps[-NUM_RECENT_STEPS:]
    stage, counter = _find_stage(events)
    is_training = stage.get("name") == "train"
    step = int(steps[-1].data["step"]) if steps else 0
    num_steps = spec.training.num_steps
    return Progress(
        run_id=spec.run_id,
        state=find_state(events),
        stage=stage.get("title", ""),
        done=step if is_training else counter.get("done", 0),
        total=num_steps if is_training else counter.get("total", 0),
        step=step,
        num_steps=num_steps,
        loss=_mean([event.data["loss"] for event in recent]),
        validation_loss=_last(events, "validation", "loss"),
        tokens_per_s=_speed(recent),
        time_left_s=_time_left_s(events, spec),
        warnings=tuple(event.data.get("message", "") for event in events if event.kind == "warning"),
    )


def _find_stage(events: Sequence[Event]) -> tuple[dict, dict]:
    """Return the data of the last ``stage`` event and of the last ``progress`` after it."""
    stage: dict = {}
    counter: dict = {}
    for event in events:
        if event.kind == "stage":
            stage, counter = event.data, {}
        elif event.kind == "progress":
            counter = event.data
    return stage, counter


def _time_left_s(events: Sequence[Event], spec: Spec) -> float | None:
    """Time for the steps and the answers that are missing, at the speed measured in this run.

    Before a model has answered, its time is that of another model, else the plan's estimate.
    """
    steps = list_steps(events)
    recent = [event.data["step_s"] for event in steps[-NUM_RECENT_STEPS:]]
    answers = _prediction_times(events)
    if not recent and not answers:
        return None
    step = int(steps[-1].data["step"]) if steps else 0
    estimate = spec.plan.estimate
    step_s = _mean(recent) or estimate.train_s / max(1, spec.training.num_steps)
    training_s = (spec.training.num_steps - step) * step_s
    models = spec.prediction.models
    usual_s = _mean([total for _, total in answers.values()]) or estimate.predict_s / max(1, len(models))
    predicting_s = sum(_missing_s(answers.get(model), usual_s) for model in models)
    return max(0.0, training_s) + predicting_s


def _prediction_times(events: Sequence[Event]) -> dict[str, tuple[float, float]]:
    """Return by model (seconds spent, seconds in all) of its predictions, as the last counter tells."""
    times = {}
    for event in events:
        kind, _, model = str(event.data.get("stage", "")).replace(":", " ").partition(" ")
        if event.kind == "progress" and kind == "predict" and event.data.get("done"):
            elapsed_s = float(event.data["elapsed_s"])
            times[model.split(" ")[0]] = (elapsed_s, elapsed_s * event.data["total"] / event.data["done"])
    return times


def _missing_s(times: tuple[float, float] | None, usual_s: float) -> float:
    return usual_s if times is None else times[1] - times[0]


def _speed(steps: Sequence[Event]) -> float | None:
    seconds = sum(event.data["step_s"] for event in steps)
    return sum(event.data["num_tokens"] for event in steps) / seconds if seconds else None


def _last(events: Sequence[Event], kind: str, key: str) -> float | None:
    return next((event.data[key] for event in reversed(events) if event.kind == kind), None)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
