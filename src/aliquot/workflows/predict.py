"""The verb ``predict``: let the models of a run answer its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from aliquot.core.checkpoint_name import checkpoint_name, find_step, list_checkpoints
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError, RunError
from aliquot.evaluation.baselines import save_baselines
from aliquot.evaluation.evaluate import evaluate_run
from aliquot.export.write import write_artefacts
from aliquot.workflows.evaluate import require_split
from aliquot.workflows.find import find_run
from aliquot.workflows.follow import RunResult, follow, result_of, start_worker
from aliquot.workflows.predict_endpoint import EndpointOptions, ask_endpoint, plan_job
from aliquot.workflows.refresh import score_news
from aliquot.workflows.surroundings import Surroundings

MODELS = ("base", "base_few_shot", "base_nearest", "tuned")
PLANNED = ("base", "base_few_shot", "tuned")
"""Who answers where a plan names nobody."""
SHOWN_TRAIN = "base_few_shot"
"""The same rows of train are shown before every question, so it cannot be asked about rows of train."""


def predict(
    run: Path | str,
    *,
    models: Sequence[str] | None = None,
    split: str = "test",
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
        models: Of ``base``, ``base_few_shot``, ``base_nearest`` and ``tuned``, and checkpoints by name
            (``step-000120``); those of the plan by default. The simple baselines answer test rows along.
        split: Whose rows are answered: ``train``, ``validation`` or ``test``. Report and page show the test;
            scores of another split are returned, and stay in ``scores/report.<split>.json``.
        endpoint: Address of the service, such as ``https://api.example.org/v1``.
        runs_dir: Where runs are.
        within: The surroundings, for tests.
        options: What else an endpoint needs: see ``EndpointOptions``.

    Raises:
        InputError: No such model, or the endpoint's address, name or prices do not fit.
        RunError: No such run, or it was not trained yet and ``tuned`` is asked; or the endpoint refuses.
    """
    within = within or Surroundings()
    run_dir = find_run(run, runs_dir, is_trained=True)
    if endpoint or options:
        _require_test(split)
        ask_endpoint(run_dir, plan_job(run_dir.read_spec(), endpoint or "", models, options), within)
        score_news(run_dir)
        return result_of(run_dir, write_artefacts(run_dir))
    require_split(run_dir, split)
    chosen = _choose(run_dir, models, split)
    stages = [f"predict:{model}" for model in chosen]
    if split == "test":
        save_baselines(run_dir)
        start_worker(run_dir, within, stages=stages)
        return follow(run_dir, within)
    start_worker(run_dir, within, stages=stages, split=split)
    result = follow(run_dir, within)
    return replace(result, evaluation=evaluate_run(run_dir, split=split))


def _choose(run_dir: RunDir, models: Sequence[str] | None, split: str) -> tuple[str, ...]:
    planned = run_dir.read_spec().prediction.models or PLANNED
    chosen = tuple(models) if models else tuple(m for m in planned if split != "train" or m != SHOWN_TRAIN)
    chosen = tuple(find_model(run_dir, model) for model in chosen)
    if split == "train" and SHOWN_TRAIN in chosen:
        raise InputError(
            f"{SHOWN_TRAIN} is shown rows of train before it answers: some would be told their own answer.",
            code="answers_shown",
            location="--split",
            hint="Ask base_nearest, which is never shown a row's own prompt, or another split.",
        )
    return chosen


def find_model(run_dir: RunDir, model: str) -> str:
    """Return the name of a model that can answer in this run.

    Raises:
        InputError: The run has no such model or checkpoint; the message lists those it has.
        RunError: It was not trained yet, and the tuned model is asked.
    """
    step = int(model) if model.isdecimal() else find_step(model)
    if step is not None:
        return _find_checkpoint(run_dir, step)
    if model not in MODELS:
        raise InputError(
            f"No model of a run is called {model!r}.",
            code="unknown_model",
            location="--model",
            hint=f"Known: {', '.join((*MODELS, *_list_names(run_dir)))}.",
        )
    if model == "tuned" and run_dir.find_weights_dir() is None:
        raise RunError(
            "This run has no trained weights yet, so its tuned model cannot answer.",
            code="not_trained",
            location=run_dir.run_id,
            hint=f"`aliquot resume {run_dir.run_id}` trains it, or ask only for --model base.",
        )
    return model


def _find_checkpoint(run_dir: RunDir, step: int) -> str:
    name, known = checkpoint_name(step), _list_names(run_dir)
    if name not in known:
        raise InputError(
            f"This run keeps no checkpoint {name}.",
            code="unknown_checkpoint",
            location="--model",
            hint=f"It has {', '.join(known) or 'none'}; train.num_checkpoints_kept says how many are kept.",
        )
    return name


def _list_names(run_dir: RunDir) -> list[str]:
    return [path.name for path in list_checkpoints(run_dir.checkpoints_dir)]


def _require_test(split: str) -> None:
    if split != "test":
        raise InputError(
            f"An endpoint answers the test rows; found --split {split}.",
            code="unknown_split",
            location="--split",
            hint="Leave --split out.",
        )
