"""The product on one page: a data file becomes a plan, a tuned adapter, test scores and a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aliquot.core.plan import Plan
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.evaluation.baselines import save_baselines
from aliquot.workflows.check import read_settings
from aliquot.workflows.compare import RunsComparison, compare_run_dirs
from aliquot.workflows.create import open_run, require_writable
from aliquot.workflows.follow import RunResult, follow, start_worker
from aliquot.workflows.plan import Planned, make_plan
from aliquot.workflows.refresh import refresh
from aliquot.workflows.seeds import SeedsResult, list_seeds, run_seeds, tell_total
from aliquot.workflows.surroundings import Doing, Surroundings


def run(
    data: Path | str,
    *,
    base: str | Sequence[str] | None = None,
    seeds: int | Sequence[int] | None = None,
    config: Path | str | None = None,
    runs_dir: Path | None = None,
    dry_run: bool = False,
    within: Surroundings | None = None,
    **settings: Any,
) -> RunResult | RunsComparison | SeedsResult | tuple[Plan, ...]:
    """Tune a base model on a data file and score it on held-out rows.

    Args:
        data: The file.
        base: The base model, or several, which are tuned on the same rows and compared; chosen by a rule
            when not given.
        seeds: How many training seeds, or which; all are trained on the same rows and reported together.
        config: A settings file.
        runs_dir: Where the run directory is made.
        dry_run: Stop after planning and return the plans.
        within: The surroundings, for tests.
        settings: Settings by name, for example ``learning_rate=1e-4`` or ``**{"train.lora_alpha": 32}``.

    Raises:
        AliquotError: Anything that keeps the run from finishing, with the remedy.
    """
    within = within or Surroundings()
    require_writable(runs_dir)
    bases = [base] if base is None or isinstance(base, str) else list(base)
    given = [read_settings(config, {**settings, "base": one}) for one in bases]
    # All are planned before the first is tuned: a wrong name at the end must not cost an hour.
    plans = [make_plan(data, one, within, runs_dir) for one in given]
    chosen = None if seeds is None else _choose_seeds(seeds, plans)
    if dry_run:
        if chosen:
            within.tell(tell_total(plans[0], len(chosen)))
        return tuple(planned.resolved.plan for planned in plans)
    if chosen:
        return run_seeds(plans[0], chosen, runs_dir, within)
    results = [carry_out(planned, runs_dir, within) for planned in plans]
    return results[0] if len(results) == 1 else compare_run_dirs([RunDir(Path(one.path)) for one in results])


def _choose_seeds(seeds: int | Sequence[int], plans: Sequence[Planned]) -> tuple[int, ...]:
    if len(plans) > 1:
        raise InputError(
            "Found several base models and several seeds; one of the two can be varied at a time.",
            code="bases_and_seeds",
            location="--seeds",
            hint="Run each base with --seeds by itself.",
        )
    return list_seeds(seeds, plans[0].given.find("train.seed"))


def carry_out(planned: Planned, runs_dir: Path | None, within: Surroundings) -> RunResult:
    """Turn one plan into a finished run: baselines first, so that the report has something to say at once."""
    run_dir = open_run(planned, runs_dir, within)
    within.tell(Doing("Simple baselines answer the held-out rows"))
    save_baselines(run_dir)
    refresh(run_dir)
    start_worker(run_dir, within)
    return follow(run_dir, within)
