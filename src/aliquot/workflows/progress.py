"""How far a run is: what a terminal shows while it works; the same figures as in the report."""

from __future__ import annotations

from dataclasses import dataclass

from aliquot.core.run import RunState
from aliquot.core.run_dir import RunDir
from aliquot.export.history import read_history
from aliquot.export.progress import Stage, find_progress
from aliquot.export.record import read_record

NUM_RECENT_STEPS = 10
"""Steps whose mean loss is shown: a single step's loss jumps too much to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """Where a run stands now.

    Attributes:
        loss: Mean over the recent steps.
        validation_loss: Of the last validation.
        tokens_per_s: Tokens of the rows; ``trained_tokens_per_s`` those with loss.
        memory_bytes: Most memory that a step saw.
        energy_j: Of all steps; None where the machine does not tell it.
        seconds_left: None when nothing goes on.
    """

    run_id: str
    state: RunState
    stages: tuple[Stage, ...]
    step: int
    num_steps: int
    loss: float | None
    validation_loss: float | None
    tokens_per_s: float | None
    seconds_left: float | None
    warnings: tuple[str, ...]
    trained_tokens_per_s: float | None = None
    memory_bytes: int | None = None
    energy_j: float | None = None
    grad_norm: float | None = None

    @property
    def now(self) -> Stage | None:
        """The stage at work."""
        return next((stage for stage in self.stages if stage.state == "now"), None)


def read_progress(run_dir: RunDir) -> RunProgress:
    """Return the progress that a run directory tells at this moment.

    Raises:
        RunError: It is damaged.
    """
    record = read_record(run_dir)
    progress = find_progress(record)
    history = read_history(record.events)
    recent = [loss for _, loss in history.steps[-NUM_RECENT_STEPS:]]
    return RunProgress(
        run_id=run_dir.run_id,
        state=record.state,
        stages=progress.stages,
        step=history.steps[-1][0] if history.steps else 0,
        num_steps=record.spec.training.num_steps,
        loss=sum(recent) / len(recent) if recent else None,
        validation_loss=history.validations[-1][1] if history.validations else None,
        tokens_per_s=history.tokens_per_s,
        seconds_left=progress.seconds_left,
        warnings=tuple(
            str(event.data.get("message", "")) for event in record.events if event.kind == "warning"
        ),
        trained_tokens_per_s=history.trained_tokens_per_s,
        memory_bytes=history.memory_bytes,
        energy_j=history.energy_j,
        grad_norm=history.grad_norm,
    )
