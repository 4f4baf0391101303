"""Compare runs on the same held-out rows: a table of their models and paired tests between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.core.result import Comparison
from aliquot.core.run_dir import RunDir
from aliquot.workflows.runs import RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsComparison:
    """Runs side by side.

    Attributes:
        comparisons: Paired tests between the tuned models, the best run against each other one.
    """

    metric: str
    runs: tuple[RunSummary, ...]
    comparisons: tuple[Comparison, ...]


def compare_runs(runs: Sequence[RunDir]) -> RunsComparison: ...
