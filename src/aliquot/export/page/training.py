"""The training section: the loss curve and what training took."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from aliquot.export.figures.of_run import draw_loss_curve
from aliquot.export.history import History
from aliquot.export.record import RunRecord
from aliquot.export.wording import count, duration, rough_duration, size


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What the section prints; ``figure`` is None before the first step."""

    figure: Markup | None
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def describe_training(record: RunRecord, history: History) -> Training:
    """Return the course of training so far, beside what was planned."""
    svg = draw_loss_curve(record, history)
    return Training(
        figure=Markup(svg) if svg else None,
        facts=tuple(_done(record, history) if history.steps else _planned(record)),
        warnings=_warnings(record),
    )


def _planned(record: RunRecord) -> list[tuple[str, str]]:
    estimate = record.spec.plan.estimate
    return [
        ("Planned", count(estimate.num_steps, "step")),
        ("Tokens", f"{estimate.num_tokens:,}, {estimate.computed_tokens:,} after sharing prefixes"),
        ("Estimated time", f"{rough_duration(estimate.train_s)} ({estimate.basis.rstrip('.')})"),
        ("Estimated memory", size(estimate.memory_bytes)),
        ("Trained parameters", f"{estimate.trainable_parameters:,}"),
    ]


def _done(record: RunRecord, history: History) -> list[tuple[str, str]]:
    planned = record.spec.training.num_steps
    facts = [("Steps", f"{history.steps[-1][0]:,} of {planned:,}")]
    used = "Checkpoint used" if record.run_dir.find_weights_dir() else "Best checkpoint so far"
    if history.best:
        facts.append((used, f"step {history.best[0]:,}, validation loss {history.best[1]:.3f}"))
    if record.spec.start:
        facts.append(("Continued from", record.spec.start.name))
    facts.append(("Time in steps", duration(history.step_time_s)))
    if history.tokens_per_s:
        facts.append(("Speed", f"{history.tokens_per_s:,.0f} tokens per second"))
    facts.append(("Tokens with loss", f"{history.trained_tokens:,}"))
    facts.append(("Trained parameters", f"{record.spec.plan.estimate.trainable_parameters:,}"))
    return facts


def _warnings(record: RunRecord) -> tuple[str, ...]:
    told = [str(event.data.get("message", "")) for event in record.events if event.kind == "warning"]
    return (*record.spec.plan.warnings, *dict.fromkeys(told))
