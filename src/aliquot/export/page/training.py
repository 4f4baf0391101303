"""The training section: the loss curve and what training took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from aliquot.export.figures.of_run import draw_loss_curve
from aliquot.export.history import History
from aliquot.export.preferences import preference_text
from aliquot.export.record import RunRecord
from aliquot.export.wording import count, duration, energy, rough_duration, size

NUM_HARD_ROWS = 5
MAX_ANSWER_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What the section prints; ``figure`` is None before the first step."""

    figure: Markup | None
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    hardest: tuple[HardRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HardRow:
    """A training row that stayed hard; losses in nats per token."""

    line: int
    answer: str
    before: float | None
    after: float
    num_measured: int


def describe_training(record: RunRecord, history: History) -> Training:
    """Return the course of training so far, beside what was planned."""
    svg = draw_loss_curve(record, history)
    return Training(
        figure=Markup(svg) if svg else None,
        facts=tuple(_done(record, history) if history.steps else _planned(record)),
        warnings=_warnings(record),
        hardest=_describe_hardest(record),
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
    if pairs := preference_text(record.events):
        facts.append(("Held-out pairs", pairs))
    if record.spec.start:
        facts.append(("Continued from", record.spec.start.name))
    facts.append(("Time in steps", duration(history.step_time_s)))
    if history.tokens_per_s:
        trained = history.trained_tokens_per_s or 0
        facts.append(
            ("Speed", f"{history.tokens_per_s:,.0f} tokens per second, {trained:,.0f} of them with loss")
        )
    facts.append(("Tokens with loss", f"{history.trained_tokens:,}"))
    facts.append(("Trained parameters", f"{record.spec.plan.estimate.trainable_parameters:,}"))
    return [*facts, *_measured(record, history)]


def _measured(record: RunRecord, history: History) -> Iterator[tuple[str, str]]:
    """Yield what was measured, beside what the plan reckoned."""
    planned = record.spec.plan.estimate
    if history.grad_norm is not None:
        yield "Gradient norm", f"{history.grad_norm:.3g}, median of the steps before clipping"
    if history.memory_bytes:
        yield "Memory", f"{size(history.memory_bytes)} at most, {size(planned.memory_bytes)} planned"
    if history.energy_j is not None:
        covered = ", ".join(record.environment.get("energy_of", ()))
        yield "Energy of the steps", energy(history.energy_j) + (f" ({covered})" if covered else "")
    if record.measured.get("s_per_step"):
        yield (
            "Warm-up",
            f"measured {record.measured['s_per_step']:.2g} s per step, planned "
            f"{record.measured.get('planned_s_per_step') or 0:.2g} s with validations",
        )


def _describe_hardest(record: RunRecord) -> tuple[HardRow, ...]:
    """Return the measured training rows whose loss stayed highest: look there first for wrong answers."""
    after = record.run_dir.read_row_losses("train", "after")
    if not after:
        return ()
    before = {row.example_id: row.loss for row in record.run_dir.read_row_losses("train", "before")}
    rows = {row.example_id: row for row in record.run_dir.read_rows("train")}
    hardest = sorted(after, key=lambda row: -row.loss)[:NUM_HARD_ROWS]
    return tuple(
        HardRow(
            line=rows[row.example_id].line,
            answer=_shortened(rows[row.example_id].reference),
            before=before.get(row.example_id),
            after=row.loss,
            num_measured=len(after),
        )
        for row in hardest
    )


def _warnings(record: RunRecord) -> tuple[str, ...]:
    told = [str(event.data.get("message", "")) for event in record.events if event.kind == "warning"]
    return (*record.spec.plan.warnings, *dict.fromkeys(told))


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_ANSWER_CHARS else text[: MAX_ANSWER_CHARS - 2] + " …"
