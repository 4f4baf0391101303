"""The verb ``predict``: let the models of a run answer its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.export.write import write_artefacts
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import RunResult, follow, result_of, start_worker
from aliquot.workflows.predict_endpoint import EndpointOptions, ask_endpoint, plan_job
from aliquot.workflows.refresh import score_news
from aliquot.workflows.surroundings import Surroundings

MODELS = ("base", "base_few_shot", "tuned")


def predict(
    run: Path | str,
    *,
    models: Sequence[str] | None = None,
    endpoint: str | None = None,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
    **options: Unpack[EndpointOptions],
) -> RunResult:
    """Let models answer; answers that are there already are kept.

    With ``endpoint`` a service that speaks OpenAI's chat completions answers the test rows instead, and
    becomes one more model of scores, report and comparisons. An estimate is told before anything is sent.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        models: Of ``base``, ``base_few_shot`` and ``tuned``; those of the plan by default. The simple
            baselines answer along.
        endpoint: Address of the service, such as ``https://api.example.org/v1``.
        runs_dir: Where runs are.
        within: The surroundings, for tests.
        options: What else an endpoint needs: see ``EndpointOptions``.

    Raises:
        InputError: No such model, or the endpoint's address, name or prices do not fit.
        RunError: No such run, or it was not trained yet and ``tuned`` is asked; or the endpoint refuses.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir)
    if endpoint or options:
        ask_endpoint(run_dir, plan_job(run_dir.read_spec(), endpoint or "", models, options), within)
        score_news(run_dir)
        return result_of(run_dir, write_artefacts(run_dir))
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
