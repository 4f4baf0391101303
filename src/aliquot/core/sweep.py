"""A sweep: short trials of some settings, judged on validation rows alone. ``sweep.json`` holds all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import decode, encode_pretty
from aliquot.core.result import Interval

TrialState = Literal["waiting", "finished", "diverged", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One setting and what is tried: listed values, or a range that random search draws from.

    Attributes:
        name: Full name of the setting.
        values: Listed values; empty for a range.
        low, high: Ends of a range, drawn log-uniformly; both above zero.
        is_whole: Whether the setting takes whole numbers.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What a search goes through.

    Attributes:
        num_trials: None for every point of the grid.
        seed: Of the drawing.
    """

    dimensions: tuple[Dimension, ...]
    num_trials: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Settings to be tried; ``trial_id`` sorts in the order of asking."""

    trial_id: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a trial came to.

    Attributes:
        state: ``diverged`` when its loss became infinite, ``failed`` by any other fault.
        validation_loss: The lowest, in nats per trained token.
        curve: Step and validation loss of every validation.
        seconds: Of wall time in this trial's worker, pauses included.
        problem: Why there is no loss.
    """

    state: TrialState
    validation_loss: float | None = None
    best_step: int | None = None
    curve: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """A trial with its outcome, as reported; ``is_rule`` marks the one with the rules' own values."""

    trial_id: str
    values: dict[str, Any]
    is_rule: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDifference:
    """Validation loss of a trial minus that of the best one, paired by row.

    Attributes:
        interval: From resampled validation rows; its confidence is shared by all differences (Bonferroni).
    """

    trial_id: str
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChoice:
    """The setting chosen, and why.

    Attributes:
        best_id: The trial with the lowest validation loss; not always the one chosen.
        reason: In words, with every trial.
        command: What to type to train with it.
    """

    trial_id: str
    best_id: str
    values: dict[str, Any]
    reason: str
    command: str
    differences: tuple[TrialDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord(ShownInNotebook):
    """A whole sweep: ``sweep.json``, written again after every trial.

    Attributes:
        rule_values: What the rules (or the user, for a setting also given by hand) take without a sweep.
        max_steps: Most updates of a trial.
        choice: None before the last trial has ended, and when no trial has a loss.
        then_run: Name of the full run with the chosen setting, empty without one.
    """

    schema_version: int
    sweep_id: str
    created_at: str
    aliquot_version: str
    command: str
    data: str
    data_sha256: str
    base: str
    settings: dict[str, Any]
    space: Space
    max_steps: int
    num_validation_rows: int
    rule_values: dict[str, Any]
    trials: tuple[TrialRecord, ...]
    choice: SweepChoice | None = None
    then_run: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class SweepDir:
    """Paths and the record of a sweep; its trials are run directories inside, without test rows."""

    path: Path

    @property
    def sweep_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def record_path(self) -> Path:
        """``sweep.json``."""
        return self.path / "sweep.json"

    def trial_path(self, trial_id: str) -> Path:
        """The run directory of a trial."""
        return self.path / "trials" / trial_id

    def read(self) -> SweepRecord:
        """Return the record.

        Raises:
            RunError: It is damaged.
        """
        return decode(self.record_path.read_bytes(), SweepRecord, str(self.record_path))

    def save(self, record: SweepRecord) -> None:
        """Publish the record."""
        write_file(self.record_path, encode_pretty(record))
