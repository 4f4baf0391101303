"""Let an endpoint of somebody else answer a run's held-out rows: a model to compare the tuned one with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TypedDict
from urllib.parse import urlsplit

from aliquot.compute.target import Dialogue
from aliquot.config.places import cache_dir
from aliquot.core.endpoint import EndpointJob, EndpointNews
from aliquot.core.records import decode, encode
from aliquot.core.run_dir import RunDir
from aliquot.core.spec import Spec
from aliquot.errors import InputError, Interrupted
from aliquot.evaluation.wording import TITLES
from aliquot.workflows.follow import get_model_dir
from aliquot.workflows.surroundings import Doing, Surroundings

LONGEST_NAME = 60
OPENAI_URL = "https://api.openai.com"


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
        raise _refused(
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


def find_key_env(endpoint: str) -> str:
    """Return the variable whose key is sent unasked: OpenAI's to OpenAI, none to anybody else."""
    is_openai = f"{endpoint.strip()}/".startswith(f"{OPENAI_URL}/")
    return "OPENAI_API_KEY" if is_openai else ""


def ask_endpoint(run_dir: RunDir, job: EndpointJob, within: Surroundings) -> None:
    """Let an endpoint answer the rows that it has not answered yet; every answer is kept as it comes.

    Raises:
        InputError: The job is not possible: address, name, prices.
        Interrupted: Ctrl-C; the answers so far and those under way are kept.
        RunError: The endpoint refuses, or the cap on cost is reached.
    """
    require_possible(job)
    if _is_answered(run_dir, job):
        within.tell(f"{job.name} has answered every row already; its answers are kept.")
        return
    if is_clear_text(job.url):
        within.tell(f"! {job.url} is not encrypted: key and rows travel in clear text.")
    if run_dir.read_spec().task.task_type == "labels":
        within.tell("Endpoints give no label probabilities: calibration is not told of this model.")
    arguments = [str(run_dir.path), "--model-dir", str(get_model_dir(run_dir))]
    arguments += ["--cache-dir", str(cache_dir() / "endpoint_answers")]
    with closing(within.target.open("predict_endpoint", arguments)) as dialogue:
        try:
            _follow(dialogue.ask(encode(job).decode()), job, within)
        except KeyboardInterrupt:
            _stop(dialogue, job, within)


def require_possible(job: EndpointJob) -> None:
    """Refuse a job that cannot be carried out as it stands.

    Raises:
        InputError: With the option concerned.
    """
    try:
        address = urlsplit(job.url)
        (address.hostname or "").encode("idna")
    except ValueError as error:
        raise _refused(f"Found {job.url!r}, which is no address: {error}.", "Correct --endpoint.") from error
    if address.scheme not in ("http", "https") or not address.hostname:
        raise _refused(f"Found {job.url!r}, expected an address.", "For example https://api.example.org/v1")
    if address.username or address.password or address.query or address.fragment:
        raise _refused(
            "The address holds a user, a key or a query; it is written into files.",
            "Give the address alone, and the key in an environment variable (--endpoint-key-env).",
        )
    if job.name in TITLES:
        raise _refused(f"{job.name!r} is the name of a model of the run.", "Choose another name.", "--as")
    numbers = {
        "--price-in": job.price_in, "--price-out": job.price_out, "--max-cost-usd": job.max_cost_usd,
    }  # fmt: skip
    for option, number in numbers.items():
        if number is not None and not 0 <= number < float("inf"):
            raise _refused(f"Found {number}, expected US dollars.", "Give a number from 0 on.", option)
    if job.max_cost_usd is not None and job.cost_usd(0, 0) is None:
        raise _refused(
            "A cap on cost needs prices.",
            "Give --price-in and --price-out, in USD for a million tokens.",
            "--max-cost-usd",
        )
    if not 1 <= job.num_at_once <= 64:
        raise _refused(f"Found {job.num_at_once}, expected 1 to 64.", "4 suits most.", "--num-at-once")


def name_of(model: str) -> str:
    """Return a model's name as a file may be called: ``openai/gpt-4.1`` becomes ``openai-gpt-4-1``."""
    return re.sub(r"[^a-z0-9_]+", "-", model.lower()).strip("-")[:LONGEST_NAME].strip("-") or "endpoint"


def is_clear_text(url: str) -> bool:
    """Whether what is sent to an address can be read on its way: no encryption, and another machine."""
    address = urlsplit(url)
    host = address.hostname or ""
    try:
        is_own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = False
    return address.scheme == "http" and not is_own


def _is_answered(run_dir: RunDir, job: EndpointJob) -> bool:
    """Whether this very model has answered every row; rows that ended in an error are asked again.

    Raises:
        InputError: Another model has the name.
    """
    if not run_dir.predictions_path(job.name, job.split).is_file():
        return False
    source = run_dir.find_source(job.name, job.split)
    if source is None or (source.settings.get("url"), source.settings.get("model")) != (job.url, job.model):
        raise _refused(
            f"This run has answers called {job.name!r}, and they are not those of {job.model} at {job.url}.",
            "Choose another name.",
            "--as",
        )
    return all(one.status != "error" for one in run_dir.read_predictions(job.name, job.split))


def _follow(lines: Iterator[str], job: EndpointJob, within: Surroundings) -> EndpointNews:
    """Tell what the worker tells, until its end."""
    for line in lines:
        news = decode(line, EndpointNews, "output of predict_endpoint")
        within.tell(tell_of(news, job))
        if news.kind in ("done", "stopped"):
            break
    if news.kind == "stopped":
        raise _interrupted(news)
    return news


def _stop(dialogue: Dialogue, job: EndpointJob, within: Surroundings) -> None:
    """Send no more requests, and wait for the answers that are under way; a second Ctrl-C drops them."""
    within.tell("Stopping after the answers under way; they are paid for. Ctrl-C again ends at once.")
    try:
        _follow(dialogue.ask("stop"), job, within)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped; every answer that had come is kept.",
            code="stopped",
            hint="The same command goes on from there and pays for nothing twice.",
        ) from None


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


def _interrupted(news: EndpointNews) -> Interrupted:
    return Interrupted(
        f"Stopped after {news.num_done} of {news.num_total} answers; they are kept.",
        code="stopped",
        hint="The same command goes on from there and pays for nothing twice.",
    )


def _refused(message: str, hint: str, location: str = "--endpoint") -> InputError:
    return InputError(message, code="endpoint_invalid", location=location, hint=hint)
