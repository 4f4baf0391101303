"""``aliquot predict``: let the models of a run answer, or a hosted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir, Split
from aliquot.errors import InputError
from aliquot.workflows.answer_rows import answer_rows
from aliquot.workflows.predict import predict as predict_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _option(flag: str, help_text: str, metavar: str) -> Any:
    return typer.Option(flag, help=help_text, metavar=metavar, show_default=False)


Model = Annotated[
    list[str] | None,
    _option(
        "--model",
        "base, base_few_shot, base_nearest, tuned or a checkpoint (step-000120); give it again for several.",
        "MODEL",
    ),
]
Checkpoint = Annotated[
    list[str] | None,
    _option("--checkpoint", "A checkpoint that answers, by its step: step-000120 or 120.", "STEP"),
]
Endpoint = Annotated[
    str | None, _option("--endpoint", "A service that speaks OpenAI's chat completions answers.", "URL")
]
EndpointModel = Annotated[str | None, _option("--endpoint-model", "The model's name there.", "NAME")]
As = Annotated[
    str | None, _option("--as", "What to call it in this run; made from its name by default.", "NAME")
]
KeyEnv = Annotated[
    str | None,
    _option(
        "--endpoint-key-env",
        "Environment variable that holds the key; OPENAI_API_KEY for OpenAI itself, else none.",
        "NAME",
    ),
]
PriceIn = Annotated[float | None, _option("--price-in", "USD per million tokens of prompts.", "X")]
PriceOut = Annotated[float | None, _option("--price-out", "USD per million tokens of answers.", "X")]
MaxCost = Annotated[
    float | None, _option("--max-cost-usd", "Stop before this could be passed; needs both prices.", "X")
]
NumAtOnce = Annotated[
    int | None, _option("--num-at-once", "Requests under way at the same time; 4 by default.", "N")
]


Prompts = Annotated[
    Path | None,
    _option("--prompts", "New rows to be answered, not the run's own; needs --out.", "FILE"),
]
Out = Annotated[Path | None, _option("--out", "File of their answers: .jsonl, .csv or .parquet.", "FILE")]
PromptColumn = Annotated[
    str | None,
    _option(
        "--prompt-column",
        "Column of the new rows' prompts, or a text with columns in braces; by default as in training.",
        "NAME",
    ),
]
System = Annotated[
    str | None,
    _option("--system", "System message of new rows without one; by default that of the run's rows.", "TEXT"),
]
MaxNewTokens = Annotated[
    int | None, _option("--max-new-tokens", "Longest answer to new rows; the run's by default.", "N")
]


@app.command()
def predict(
    run: Run,
    *,
    prompts: Prompts = None,
    out: Out = None,
    prompt_column: PromptColumn = None,
    system: System = None,
    max_new_tokens: MaxNewTokens = None,
    model: Model = None,
    checkpoint: Checkpoint = None,
    split: Split = "test",
    endpoint: Endpoint = None,
    endpoint_model: EndpointModel = None,
    name: As = None,
    endpoint_key_env: KeyEnv = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    max_cost_usd: MaxCost = None,
    num_at_once: NumAtOnce = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Let the models of a run answer its held-out rows, then score them.

    With --prompts and --out a model answers new rows instead, and RUN may also be a base model: every row
    is in the file, with its status; nothing is scored.

    Answers that are there already are kept. With --endpoint and --endpoint-model a hosted model answers
    the test rows and is compared with the others; an estimate is told before anything is sent.
    """
    models = [*(model or ()), *(checkpoint or ())]
    asking = _given(prompt_column=prompt_column, system=system, max_new_tokens=max_new_tokens)
    service = _given(
        endpoint_model=endpoint_model,
        name=name,
        endpoint_key_env=endpoint_key_env,
        price_in=price_in,
        price_out=price_out,
        max_cost_usd=max_cost_usd,
        num_at_once=num_at_once,
    )
    with render.news(as_json=as_json) as tell:
        common = {"runs_dir": runs_dir, "within": Surroundings(tell=tell)}
        if prompts or out:
            _refuse_beside({**service, "endpoint": endpoint, "split": split != "test"}, "--prompts is")
            paths = _require_both(prompts, out)
            result: Any = answer_rows(run, *paths, **_choose_one(models), **asking, **common)
        else:
            _refuse_beside(asking, "--prompts is not")
            result = predict_workflow(run, models=models, split=split, endpoint=endpoint, **service, **common)
    render.show(result, as_json=as_json)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse_beside(options: Mapping[str, Any], what: str) -> None:
    name = next((name for name, value in options.items() if value), None)
    if name:
        flag = f"--{'as' if name == 'name' else name.replace('_', '-')}"
        raise InputError(
            f"Found {flag}, but {what} given.", code="usage", location=flag, hint=f"Leave {flag} out."
        )


def _require_both(prompts: Path | None, out: Path | None) -> tuple[Path, Path]:
    if prompts is None or out is None:
        raise InputError(
            "--prompts and --out belong together.",
            code="usage",
            location="aliquot predict",
            hint="For example: aliquot predict RUN --prompts new.csv --out answers.csv",
        )
    return prompts, out


def _choose_one(models: Sequence[str]) -> dict[str, str]:
    """Return who answers new rows; the tuned model where nobody is named."""
    if len(models) > 1:
        raise InputError(
            f"One model answers new rows; found {', '.join(models)}.",
            code="usage",
            location="--model",
            hint="Call it once for each, with another --out.",
        )
    return {"model": models[0]} if models else {}
