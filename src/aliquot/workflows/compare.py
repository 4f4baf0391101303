"""Compare runs on the same held-out rows: a line for each, and paired tests between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aliquot.core.notebook import ShownInNotebook
from aliquot.core.result import Comparison
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.evaluation.across_runs import compare_tuned
from aliquot.workflows.find import find_run
from aliquot.workflows.runs import RunSummary, summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsComparison(ShownInNotebook):
    """Runs side by side.

    Attributes:
        comparisons: The best run's tuned model against that of each other one, adjusted within this family.
    """

    metric: str
    runs: tuple[RunSummary, ...]
    comparisons: tuple[Comparison, ...]


def compare_runs(runs: Sequence[Path | str], *, runs_dir: Path | None = None) -> RunsComparison:
    """Compare the tuned models of two or more runs with the same held-out rows.

    Args:
        runs: Names of runs, the beginnings of names, or folders.
        runs_dir: Where runs are.

    Raises:
        InputError: Fewer than two runs are given.
        RunError: A run is not found, or their rows differ.
    """
    found = [find_run(run, runs_dir) for run in runs]
    if len({run_dir.path for run_dir in found}) < 2:
        raise InputError(
            "Found one run, expected at least two different ones.",
            code="too_few_runs",
            location="aliquot runs compare",
            hint="`aliquot runs list` shows them.",
        )
    return compare_run_dirs(found)


def compare_run_dirs(runs: Sequence[RunDir]) -> RunsComparison:
    """Compare the tuned models of runs that have answered the same rows."""
    return RunsComparison(
        metric=runs[0].read_spec().evaluation.primary_metric,
        runs=tuple(summarise(run_dir) for run_dir in runs),
        comparisons=tuple(compare_tuned(runs)),
    )
