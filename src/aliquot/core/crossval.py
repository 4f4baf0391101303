"""What a cross-validation comes to: ``report.json`` of a study of folds, and its pooled answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import EvaluationReport, MetricValue, ModelResult


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldScore:
    """One fold: the rows that its models had not seen, and how they did on them.

    Attributes:
        held_out: Which rows these are: ``2 of 5``, or the group.
        num_items: Test rows.
        num_trained: Training rows.
        values: The primary metric by model; intervals are over the items of this fold alone.
    """

    cell_id: str
    run_id: str
    held_out: str
    num_items: int
    num_trained: int
    values: dict[str, MetricValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossvalReport(ShownInNotebook):
    """All folds together: ``report.json`` of a study of folds.

    Attributes:
        group_key: Field whose values are the folds; empty where rows were dealt into folds.
        num_folds_planned: Folds of the study; more than there are ``folds`` when one has no result.
        num_rows: Rows of the data set.
        folds: One per fold that has answered all its test rows.
        pooled: Every test answer of every fold as one test: each row was test once.
        headline: The first thing to know.
        notes: What limits the figures.
    """

    schema_version: int
    study_id: str
    group_key: str
    num_folds_planned: int
    num_rows: int
    headline: str
    folds: tuple[FoldScore, ...]
    pooled: EvaluationReport
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def is_whole(self) -> bool:
        """Whether every fold has a result."""
        return len(self.folds) == self.num_folds_planned

    def list_values(self, result: ModelResult) -> list[float]:
        """Return the primary metric of a model in each fold where it is defined."""
        found = [fold.values.get(result.model) for fold in self.folds]
        return [one.value for one in found if one is not None and one.value is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledAnswer:
    """An answer to a row that was test in one of the folds; a line of ``predictions/<model>.test.jsonl``.

    Attributes:
        example_id: Content hash, and a number that tells rows of the same content in several folds apart.
        line: 1-based physical line of the source file.
        file: The source file, when the rows come from several.
        parsed: The answer as read; None when it could not be read.
        raw: 1.0 if the output equals an accepted answer to the letter.
        normalised: The per-example score after the declared normaliser; None where it has none.
    """

    example_id: str
    model: str
    cell_id: str
    run_id: str
    line: int
    file: str
    group: str | None
    reference: str
    output: str
    parsed: str | None
    status: str
    raw: float
    normalised: float | None
    label_probabilities: dict[str, float] | None = None
    in_train: bool = False
