"""Several runs that differ in the training seed alone: ``seeds.json`` and ``seeds_report.json`` of a group.

A group is a folder beside its runs. The runs are ordinary run directories, named after the group and the
seed; what is said of all of them together stands in the group's folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aliquot.core.files import write_file
from aliquot.core.notebook import ShownInNotebook
from aliquot.core.records import decode, encode_pretty
from aliquot.core.result import Comparison, Interval, MetricValue, ModelResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedGroup:
    """Which runs belong together: ``seeds.json``.

    Attributes:
        command: What to type to get this group again.
        settings: The settings as the user gave them.
        data_sha256: Hash of the data file; with settings and seeds it tells whether a command is the same.
        seeds: Training seeds, in the order in which they are run.
        shared_sha256: Hash of each file of answers that no training seed changes, by path within a run:
            computed in one run, and copied to the others.
        problems: Why a seed has no result, by run name.
    """

    schema_version: int
    group_id: str
    created_at: str
    aliquot_version: str
    command: str
    data: str
    data_sha256: str
    base: str
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    shared_sha256: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedScore:
    """The tuned model of one seed.

    Attributes:
        primary: Its headline metric; the interval is over test items alone.
        validation_loss: Lowest, in nats per trained token; None without validation rows.
        differs: Whether it differs from the mean of the other seeds by more than the test items explain.
    """

    seed: int
    run_id: str
    primary: MetricValue
    validation_loss: float | None = None
    best_step: int | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsMetric:
    """One metric of the tuned model over all seeds.

    Attributes:
        values: In the order of ``SeedsReport.runs``; None where it is undefined.
        mean: Over seeds.
        sd: Sample standard deviation over seeds (divisor: seeds minus one).
        interval: Of the mean, from resampled seeds and items.
    """

    metric: str
    title: str
    unit: str
    direction: str
    values: tuple[float | None, ...]
    mean: float | None
    sd: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """Whether the seeds answer alike, right or wrong.

    Attributes:
        share_all_agree: Share of items on which all seeds give the same answer.
        mean_pairwise: Mean, over pairs of seeds, of the share of items on which the two agree.
        num_items: 0 for plain texts, to which nothing is answered; both shares are 0 then.
    """

    share_all_agree: float
    mean_pairwise: float
    num_items: int
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsReport(ShownInNotebook):
    """What the seeds of a group come to together: ``seeds_report.json``.

    Attributes:
        num_seeds_planned: Seeds of the group; more than there are ``runs`` when one has no result.
        runs: One per seed that has answered all test items.
        metrics: Over seeds, the primary metric first.
        others: The models that no training seed changes, scored once.
        comparisons: The mean over seeds against each of these, paired by item.
    """

    schema_version: int
    group_id: str
    split: str
    num_items: int
    num_seeds_planned: int
    task_type: str
    primary_metric: str
    confidence: float
    num_resamples: int
    seed: int
    headline: str
    runs: tuple[SeedScore, ...]
    metrics: tuple[SeedsMetric, ...]
    consistency: Consistency
    others: tuple[ModelResult, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def primary(self) -> SeedsMetric:
        """The headline metric over seeds."""
        return self.metrics[0]


@dataclass(frozen=True, slots=True)
class GroupDir:
    """Paths and records of a group of seeds."""

    path: Path

    @property
    def group_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def record_path(self) -> Path:
        """``seeds.json``."""
        return self.path / "seeds.json"

    @property
    def scores_path(self) -> Path:
        """``seeds_report.json``."""
        return self.path / "seeds_report.json"

    @property
    def report_path(self) -> Path:
        """``report.html``, the page for people."""
        return self.path / "report.html"

    def run_path(self, seed: int) -> Path:
        """The run directory of a seed, beside the group."""
        return self.path.with_name(f"{self.group_id}-seed-{seed}")

    def read(self) -> SeedGroup:
        """Return the record.

        Raises:
            RunError: It is damaged.
        """
        return decode(self.record_path.read_bytes(), SeedGroup, str(self.record_path))

    def save(self, group: SeedGroup) -> None:
        """Publish the record."""
        write_file(self.record_path, encode_pretty(group))

    def find_report(self) -> SeedsReport | None:
        """Return the joint report, or None before two seeds have answered."""
        if not self.scores_path.is_file():
            return None
        return decode(self.scores_path.read_bytes(), SeedsReport, str(self.scores_path))

    def save_report(self, report: SeedsReport) -> None:
        """Publish the joint report."""
        write_file(self.scores_path, encode_pretty(report))
