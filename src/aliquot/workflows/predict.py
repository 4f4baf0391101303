"""The verb ``predict``: let the models of a run answer its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import RunResult, follow, start_worker
from aliquot.workflows.surroundings import Surroundings

MODELS = ("base", "base_few_shot", "tuned")


def predict(
    run: Path | str,
    *,
    models: Sequence[str] | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
) -> RunResult:
    """Let models answer; answers that are there already are kept.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        models: Of ``base``, ``base_few_shot`` and ``tuned``; those of the plan by default. The simple
            baselines answer along.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        InputError: No such model.
        RunError: No such run, or it was not trained yet and ``tuned`` is asked.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir)
    chosen = _choose(run_dir, models)
    save_baselines(run_dir)
    start_worker(run_dir, within, stages=[f"predict:{model}" for model in chosen])
    return follow(run_dir, within)


def _choose(run_dir: RunDir, models: Sequence[str] | None) -> tuple[str, ...]:
    chosen = tuple(models) if models else run_dir.read_spec().prediction.models or MODELS
    unknown = [model for model in chosen if model not in MODELS]
    if unknown:
        raise InputError(
            f"No model of a run is called {unknown[0]!r}.",
            code="unknown_model",
            location="--model",
            hint=f"Known: {', '.join(MODELS)}.",
        )
    if "tuned" in chosen and run_dir.find_weights_dir() is None:
        raise RunError(
            "This run has no trained weights yet, so its tuned model cannot answer.",
            code="not_trained",
            location=run_dir.run_id,
            hint=f"`aliquot resume {run_dir.run_id}` trains it, or ask only for --model base.",
        )
    return chosen
