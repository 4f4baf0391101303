"""Let an endpoint of somebody else answer a run's held-out rows: a model to compare the tuned one with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from aliquot.core.endpoint import EndpointJob, EndpointNews
from aliquot.core.records import decode, encode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.workflows.endpoint_address import find_key_env, refused, require_possible
from aliquot.workflows.endpoint_dialogue import ask_through_worker, warn_of_clear_text
from aliquot.workflows.follow import get_model_dir
from aliquot.workflows.surroundings import Doing, Surroundings

LONGEST_NAME = 60


class EndpointOptions(TypedDict, total=False):
    """What may be said of an endpoint beside its address; None is as good as nothing.

    Attributes:
        endpoint_model: Name of the model there. Required.
        name: What to call it in this run; made from the model's name by default.
        endpoint_key_env: Environment variable that holds the key, which is written nowhere. Without it OpenAI
            itself is sent that of OPENAI_API_KEY, and no other address is sent a key.
        price_in: USD for a million tokens of prompts.
        price_out: USD for a million tokens of answers.
        max_cost_usd: What may be spent; it stops before this could be passed, answers are kept.
        num_at_once: Requests under way at the same time; 4 by default.
    """

    endpoint_model: str | None
    name: str | None
    endpoint_key_env: str | None
    price_in: float | None
    price_out: float | None
    max_cost_usd: float | None
    num_at_once: int | None


def plan_job(
    spec: Spec, endpoint: str, models: Sequence[str] | None, options: EndpointOptions
) -> EndpointJob:
    """Return the job of a run, with the run's own longest answer and seed.

    Raises:
        InputError: Models of the run are asked too, or the address or the model is missing.
    """
    model = options.get("endpoint_model")
    if models or not endpoint or not model:
        raise refused(
            "Found --model beside --endpoint." if models else "Found --endpoint or --endpoint-model alone.",
            "Give --endpoint and --endpoint-model; the run's own models answer by a call of their own.",
        )
    num_at_once = options.get("num_at_once")
    return EndpointJob(
        name=name_of(options.get("name") or model),
        url=endpoint.strip().rstrip("/").removesuffix("/chat/completions"),
        model=model,
        key_env=options.get("endpoint_key_env") or find_key_env(endpoint),
        max_new_tokens=spec.prediction.max_new_tokens,
        seed=spec.training.seed,
        num_at_once=4 if num_at_once is None else num_at_once,
        price_in=options.get("price_in"),
        price_out=options.get("price_out"),
        max_cost_usd=options.get("max_cost_usd"),
    )


def ask_endpoint(run_dir: RunDir, job: EndpointJob, within: Surroundings) -> None:
    """Let an endpoint answer the rows that it has not answered yet; every answer is kept as it comes.

    Raises:
        InputError: The job is not possible: address, name, prices.
        Interrupted: Ctrl-C; the answers so far and those under way are kept.
        RunError: The endpoint refuses, or the cap on cost is reached.
    """
    require_possible(job)
    _require_prompts(run_dir)
    if _is_answered(run_dir, job):
        within.tell(f"{job.name} has answered every row already; its answers are kept.")
        return
    warn_of_clear_text(job.url, "key and rows", within)
    if run_dir.read_spec().task.task_type == "labels":
        within.tell("Endpoints give no label probabilities: calibration is not told of this model.")
    ask_through_worker(
        "predict_endpoint",
        [str(run_dir.path), "--model-dir", str(get_model_dir(run_dir))],
        encode(job).decode(),
        read=lambda line: decode(line, EndpointNews, "output of predict_endpoint"),
        in_words=lambda news: tell_of(news, job),
        noun="answer",
        within=within,
    )


def _require_prompts(run_dir: RunDir) -> None:
    if run_dir.read_spec().task.task_type == "document":
        raise refused(
            "The test rows of this run are plain texts, which ask nothing that a service could answer.",
            "Compare runs on the same texts instead: `aliquot compare`.",
        )


def name_of(model: str) -> str:
    """Return a model's name as a file may be called: ``openai/gpt-4.1`` becomes ``openai-gpt-4-1``."""
    return re.sub(r"[^a-z0-9_]+", "-", model.lower()).strip("-")[:LONGEST_NAME].strip("-") or "endpoint"


def _is_answered(run_dir: RunDir, job: EndpointJob) -> bool:
    """Whether this very model has answered every row; rows that ended in an error are asked again.

    Raises:
        InputError: Another model has the name.
    """
    if not run_dir.predictions_path(job.name, job.split).is_file():
        return False
    source = run_dir.find_source(job.name, job.split)
    if source is None or (source.settings.get("url"), source.settings.get("model")) != (job.url, job.model):
        raise refused(
            f"This run has answers called {job.name!r}, and they are not those of {job.model} at {job.url}.",
            "Choose another name.",
            "--as",
        )
    return all(one.status != "error" for one in run_dir.read_predictions(job.name, job.split))


def tell_of(news: EndpointNews, job: EndpointJob) -> str | Doing:
    """Return a worker's news in words."""
    cached = f", {news.num_cached:,} of them from the cache" if news.num_cached else ""
    if news.kind == "estimate":
        num_asked = news.num_total - news.num_done
        cost = "no prices given" if news.cost_usd is None else f"at most about {news.cost_usd:.4g} USD"
        return (
            f"{job.model} at {job.url}: {news.num_done:,} of {news.num_total:,} rows are answered{cached}; "
            f"{num_asked:,} will be asked, {news.num_prompt_tokens:,} tokens of prompts under the base "
            f"model's tokenizer and at most {news.num_output_tokens:,} of answers: {cost}."
        )
    spent = "" if news.cost_usd is None else f", {news.cost_usd:.4g} USD spent"
    if news.kind == "progress":
        problem = f"; a row got no answer: {news.error}" if news.error else ""
        return Doing(f"{job.name}: {news.num_done:,} of {news.num_total:,} rows{spent}{problem}")
    errors = f"; {news.num_errors:,} got none and count as wrong" if news.num_errors else ""
    return f"{job.name} answered {news.num_done:,} of {news.num_total:,} rows{cached}{spent}{errors}."
