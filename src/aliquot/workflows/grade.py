"""Graders on the answers of a run: reading their files, and asking a judge, which may cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from aliquot.core.endpoint import (
    EndpointAnswer,
    EndpointJob,
    EndpointNews,
    Question,
    QuestionLine,
    QuestionsJob,
)
from aliquot.core.records import decode, encode
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.evaluation.evaluate import grade_run
from aliquot.evaluation.grader import Grader, Tools, read_grader, require_names
from aliquot.workflows.endpoint_address import find_key_env, require_possible
from aliquot.workflows.endpoint_dialogue import ask_through_worker, warn_of_clear_text
from aliquot.workflows.surroundings import Doing, Surroundings


class JudgeOptions(TypedDict, total=False):
    """Which service judges, and what it may cost; graders that are models need one.

    Attributes:
        endpoint: Address of a service that speaks OpenAI's chat completions.
        endpoint_key_env: Environment variable that holds the key, which is written nowhere.
        price_in: USD for a million tokens of prompts.
        price_out: USD for a million tokens of replies.
        max_cost_usd: What all judges together may spend; it stops before this could be passed.
        num_at_once: Requests under way at the same time; 4 by default.
    """

    endpoint: str | None
    endpoint_key_env: str | None
    price_in: float | None
    price_out: float | None
    max_cost_usd: float | None
    num_at_once: int | None


def read_graders(names: Sequence[Path | str]) -> list[Grader]:
    """Return the graders of files: JSON with one or a list of them, or ``my_metric.py:grade``.

    Raises:
        InputError: A file cannot be read or holds no grader, or two graders have the same name.
    """
    found = [(grader, str(name)) for name in names for grader in _read_file(str(name))]
    require_names(found)
    return [grader for grader, _ in found]


def grade(
    run_dir: RunDir,
    graders: Sequence[Grader],
    judge: JudgeOptions,
    within: Surroundings,
    *,
    split: str = "test",
) -> None:
    """Grade the answers of every model of a run; what these graders have graded already is kept.

    Raises:
        InputError: A grader asks a model and no address was given, or the options are not possible.
        Interrupted: Ctrl-C; a judge's replies so far are kept.
        RunError: The service refuses, or the cap on cost is reached.
    """
    if not graders:
        return
    job = _plan_judge(judge)
    complete = _Judge(job, within).complete if job else None
    tools = Tools(complete=complete, judge=job.url if job else "", tell=within.tell)
    grade_run(run_dir, graders, tools, split=split)


def _read_file(name: str) -> list[Grader]:
    path, colon, function = name.rpartition(":")
    if not colon or not path.endswith(".py"):
        path, function = name, "grade"
    text = _read_text(Path(path))
    if path.endswith(".py"):
        stem = Path(path).stem
        title = stem if function in ("grade", stem) else f"{stem}_{function}"
        source = {"source": text, "function": function, "file": Path(path).name}
        return [read_grader({"type": "python", "name": title, **source}, name)]
    try:
        definition: Any = json.loads(text)
    except ValueError as error:
        raise _unreadable(f"it is no JSON: {error}", path) from error
    return [read_grader(one, path) for one in (definition if isinstance(definition, list) else [definition])]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unreadable("there is no such file", str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(error), str(path)) from error


def _unreadable(fault: str, location: str) -> InputError:
    return InputError(
        f"This file of a grader cannot be read: {fault}.",
        code="grader_unreadable",
        location=location,
        hint="Name a JSON file with a grader as OpenAI's API has them, or a Python file and its function: "
        "my_metric.py:grade",
    )


def _plan_judge(options: JudgeOptions) -> EndpointJob | None:
    endpoint = options.get("endpoint")
    if not endpoint:
        return None
    num_at_once = options.get("num_at_once")
    job = EndpointJob(
        name="judge",
        url=endpoint.strip().rstrip("/").removesuffix("/chat/completions"),
        model="",
        key_env=options.get("endpoint_key_env") or find_key_env(endpoint),
        max_new_tokens=0,
        seed=0,
        num_at_once=4 if num_at_once is None else num_at_once,
        price_in=options.get("price_in"),
        price_out=options.get("price_out"),
        max_cost_usd=options.get("max_cost_usd"),
    )
    require_possible(job)
    return job


class _Judge:
    """The service that judges, over all graders of one call, since they share the cap on cost."""

    def __init__(self, job: EndpointJob, within: Surroundings) -> None:
        self._job, self._within = job, within
        warn_of_clear_text(job.url, "key, rows and answers", within)

    def complete(self, questions: Sequence[Question]) -> list[EndpointAnswer]:
        """Return the answers to questions, in order."""
        job = replace(self._job, model=questions[0].model)
        answers: dict[int, EndpointAnswer] = {}

        def read(line: str) -> EndpointNews | None:
            told = decode(line, QuestionLine, "output of complete")
            if told.answer is not None:
                answers[told.number] = told.answer
            return told.news

        news = ask_through_worker(
            "complete",
            [],
            encode(QuestionsJob(endpoint=job, questions=tuple(questions))).decode(),
            read=read,
            in_words=lambda news: tell_of(news, job),
            noun="reply",
            within=self._within,
        )
        if self._job.max_cost_usd is not None:
            left = max(0.0, self._job.max_cost_usd - (news.cost_usd or 0.0))
            self._job = replace(self._job, max_cost_usd=left)
        return [answers[number] for number in range(len(questions))]


def tell_of(news: EndpointNews, job: EndpointJob) -> str | Doing:
    """Return a worker's news of a judge in words."""
    cached = f", {news.num_cached:,} of them known from earlier" if news.num_cached else ""
    if news.kind == "estimate":
        num_asked = news.num_total - news.num_done
        cost = "no prices given" if news.cost_usd is None else f"at most {news.cost_usd:.4g} USD"
        return (
            f"judge {job.model} at {job.url}: {news.num_total:,} questions{cached}; {num_asked:,} will be "
            f"asked, at most {news.num_prompt_tokens:,} tokens of prompts (one a byte) and "
            f"{news.num_output_tokens:,} of replies: {cost}."
        )
    spent = "" if news.cost_usd is None else f", {news.cost_usd:.4g} USD spent"
    if news.kind == "progress":
        problem = f"; a question got no answer: {news.error}" if news.error else ""
        return Doing(f"judge {job.model}: {news.num_done:,} of {news.num_total:,} replies{spent}{problem}")
    errors = f"; {news.num_errors:,} got none" if news.num_errors else ""
    done = f"{news.num_done:,} of {news.num_total:,} questions"
    return f"judge {job.model} replied to {done}{cached}{spent}{errors}."
