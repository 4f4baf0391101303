"""What a comparison of bases comes to: ``report.json`` of a study of bases by data sets by seeds."""

from __future__ import annotations

from dataclasses import dataclass, field

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import EvaluationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTask:
    """One data set: all models on the same test rows.

    Attributes:
        name: Of the data set, for people.
        scores: One result per model: the mean over seeds of what was tuned, untuned bases and baselines.
            The reference is the best of them; comparisons are the best against each other one.
        seed_values: The primary metric of what was tuned, by model, one value per seed.
        open_to: Models from which the best is not told apart.
    """

    name: str
    data: str
    scores: EvaluationReport
    seed_values: dict[str, tuple[float | None, ...]]
    open_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRank:
    """A model over all tasks.

    Attributes:
        ranks: One per task, 1 is best; equal values share the mean of their ranks.
    """

    model: str
    kind: str
    mean_rank: float
    ranks: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport(ShownInNotebook):
    """All tasks together: ``report.json`` of a study of bases.

    Attributes:
        settings_by: Where training settings come from, in words.
        num_runs_planned: Runs of the study; more than ``num_runs`` when some have no result.
        ranking: Models that have a value on every task, by mean rank among themselves.
    """

    schema_version: int
    study_id: str
    settings_by: str
    bases: tuple[str, ...]
    num_runs: int
    num_runs_planned: int
    headline: str
    tasks: tuple[BenchTask, ...]
    ranking: tuple[BenchRank, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def num_open(self) -> int:
        """Tasks on which the best is not told apart from some other model."""
        return sum(bool(task.open_to) for task in self.tasks)
