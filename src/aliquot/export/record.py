"""Everything that writers read of a run, gathered once per artefact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aliquot.core.records import decode
from aliquot.core.result import EvaluationReport, ModelResult
from aliquot.core.run import Event, RunState, find_state
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import ScoringSpec, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """Scores, and how answers were read."""

    spec: ScoringSpec
    report: EvaluationReport | None

    @property
    def results(self) -> tuple[ModelResult, ...]:
        """Results of the models scored so far, best first; a model without a value comes last."""
        return ranked(self.report.results) if self.report else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRecord(Scoreboard):
    """Answers and scores as a directory tells them at one moment, whether or not a model is trained in it."""

    run_dir: RunDir


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(ScoredRecord):
    """A run as its directory tells it at one moment.

    Attributes:
        environment: ``environment.json`` as plain data, empty before a worker wrote it.
        measured: ``measured.json`` as plain data, likewise.
    """

    spec: Spec
    state: RunState
    events: tuple[Event, ...]
    environment: dict[str, Any]
    measured: dict[str, Any]

    @property
    def is_scored(self) -> bool:
        """Whether models have answered and each of them has been scored."""
        return bool(self._answered) and self._answered <= {result.model for result in self.results}

    @property
    def _answered(self) -> set[str]:
        return {model for model, split in self.run_dir.list_predictions() if split == "test"}

    @property
    def is_settled(self) -> bool:
        """Whether the report will not change any more by itself."""
        return self.state is RunState.CANCELLED or (
            self.state is RunState.FINISHED and (self.is_scored or not self._answered)
        )


def read_scored(run_dir: RunDir) -> ScoredRecord:
    """Read what any directory with answers holds.

    Raises:
        RunError: There is no specification, or a file is damaged.
    """
    return ScoredRecord(run_dir=run_dir, spec=run_dir.read_scoring_spec(), report=run_dir.find_report())


def read_record(run_dir: RunDir) -> RunRecord:
    """Read what a run directory holds; only ``spec.json`` must be there.

    Raises:
        RunError: There is no specification, or a file is damaged.
    """
    spec = run_dir.read_spec()
    events = tuple(run_dir.read_events())
    return RunRecord(
        run_dir=run_dir,
        spec=spec,
        state=find_state(events),
        events=events,
        report=run_dir.find_report(),
        environment=_read_plain(run_dir.environment_path),
        measured=_read_plain(run_dir.measured_path),
    )


def ranked(results: tuple[ModelResult, ...]) -> tuple[ModelResult, ...]:
    """Return results best first by their primary metric; equal ones keep their order."""

    def rank(result: ModelResult) -> tuple[bool, float]:
        value = result.primary.value
        if value is None:
            return (True, 0.0)
        return (False, value if result.primary.direction == "lower" else -value)

    return tuple(sorted(results, key=rank))


def _read_plain(path: Path) -> dict[str, Any]:
    return dict(decode(path.read_bytes(), dict, str(path))) if path.is_file() else {}
