"""A sweep on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views import results
from aliquot.cli.views.layout import facts, table
from aliquot.core.sweep import SweepRecord, TrialRecord
from aliquot.export.wording import ABSENT, duration, fixed, setting_text
from aliquot.workflows.sweep import SweepResult


def full(result: SweepResult) -> list[RenderableType]:
    """Return a line per trial, the choice with its reason, the command, and the full run's scores."""
    record = result.record
    names = [one.name.rpartition(".")[2] for one in record.space.dimensions]
    rows = [_row(trial, record) for trial in record.trials]
    right = "".join(str(len(names) + index) for index in (0, 1, 2))
    parts: list[RenderableType] = [
        Text(),
        table((*names, "validation loss", "at step", "seconds", ""), rows, right=right),
        *(Text(note, "dim") for note in record.notes),
        Text(),
    ]
    if record.choice:
        parts += [Text(record.choice.reason), Text()]
        files = [("sweep", Text(f"{result.path}/sweep.json", overflow="fold"))]
        command = [("command", Text(record.choice.command, overflow="fold"))] if result.run is None else []
        parts.append(facts([*command, *files]))
    return parts + (results.run(result.run) if result.run else [])


def _row(trial: TrialRecord, record: SweepRecord) -> tuple[str | Text, ...]:
    outcome, choice = trial.outcome, record.choice
    marks = [
        "chosen" if choice and choice.trial_id == trial.trial_id else "",
        "lowest" if choice and choice.best_id == trial.trial_id else "",
        "the rule" if trial.is_rule else "",
        outcome.state if outcome.state != "finished" else "",
    ]
    return (
        *(Text(setting_text(value)) for value in trial.values.values()),
        fixed(outcome.validation_loss, 4),
        ABSENT if outcome.best_step is None else f"{outcome.best_step:,}",
        duration(outcome.seconds) if outcome.seconds else ABSENT,
        Text(", ".join(filter(None, marks)), "cyan" if marks[0] else "dim"),
    )
