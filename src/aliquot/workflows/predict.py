"""The verb ``predict``: let the models of a run answer its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aliquot.core.endpoint import EndpointJob
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.export.write import write_artefacts
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import RunResult, follow, result_of, start_worker
from aliquot.workflows.predict_endpoint import ask_endpoint, name_of
from aliquot.workflows.report import score_news
from aliquot.workflows.surroundings import Surroundings

MODELS = ("base", "base_few_shot", "tuned")


def predict(
    run: Path | str,
    *,
    models: Sequence[str] | None = None,
    endpoint: str | None = None,
    endpoint_model: str | None = None,
    name: str | None = None,
    endpoint_key_env: str = "OPENAI_API_KEY",
    price_in: float | None = None,
    price_out: float | None = None,
    max_cost_usd: float | None = None,
    num_at_once: int = 4,
    runs_dir: Path | None = None,
    within: Surroundings | None = None,
) -> RunResult:
    """Let models answer; answers that are there already are kept.

    With ``endpoint`` a service that speaks OpenAI's chat completions answers the test rows instead, and
    becomes one more model of scores, report and comparisons. An estimate is told before anything is sent.

    Args:
        run: Name of the run, the beginning of one, or its folder.
        models: Of ``base``, ``base_few_shot`` and ``tuned``; those of the plan by default. The simple
            baselines answer along.
        endpoint: Address of the service, such as ``https://api.example.org/v1``.
        endpoint_model: Name of the model there.
        name: What to call it in this run; made from the model's name by default.
        endpoint_key_env: Environment variable that holds the key, which is written nowhere.
        price_in: USD for a million tokens of prompts.
        price_out: USD for a million tokens of answers.
        max_cost_usd: What may be spent; it stops before this could be passed, answers are kept.
        num_at_once: Requests under way at the same time.
        runs_dir: Where runs are.
        within: The surroundings, for tests.

    Raises:
        InputError: No such model, or the endpoint's address, name or prices do not fit.
        RunError: No such run, or it was not trained yet and ``tuned`` is asked; or the endpoint refuses.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir)
    if endpoint or endpoint_model:
        job = EndpointJob(
            name=name_of(name or endpoint_model or ""),
            url=(endpoint or "").strip().rstrip("/").removesuffix("/chat/completions"),
            model=_require_model(endpoint_model, models),
            key_env=endpoint_key_env,
            max_new_tokens=run_dir.read_spec().prediction.max_new_tokens,
            seed=run_dir.read_spec().training.seed,
            num_at_once=num_at_once,
            price_in=price_in,
            price_out=price_out,
            max_cost_usd=max_cost_usd,
        )
        ask_endpoint(run_dir, job, within)
        score_news(run_dir)
        return result_of(run_dir, write_artefacts(run_dir))
    chosen = _choose(run_dir, models)
    save_baselines(run_dir)
    start_worker(run_dir, within, stages=[f"predict:{model}" for model in chosen])
    return follow(run_dir, within)


def _require_model(endpoint_model: str | None, models: Sequence[str] | None) -> str:
    if endpoint_model and not models:
        return endpoint_model
    raise InputError(
        "Found --model beside --endpoint." if models else "Found --endpoint without --endpoint-model.",
        code="endpoint_invalid",
        location="--endpoint-model",
        hint="Give --endpoint and --endpoint-model; the run's own models answer by a call of their own.",
    )


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
