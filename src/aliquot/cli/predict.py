"""``aliquot predict``: let the models of a run answer, or a hosted model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir, Split
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


@app.command()
def predict(
    run: Run,
    *,
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

    Answers that are there already are kept. With --endpoint and --endpoint-model a hosted model answers
    the test rows and is compared with the others; an estimate is told before anything is sent.
    """
    options = {
        "endpoint_model": endpoint_model,
        "name": name,
        "endpoint_key_env": endpoint_key_env,
        "price_in": price_in,
        "price_out": price_out,
        "max_cost_usd": max_cost_usd,
        "num_at_once": num_at_once,
    }
    given: Any = {key: value for key, value in options.items() if value is not None}
    with render.news(as_json=as_json) as tell:
        result = predict_workflow(
            run,
            models=[*(model or ()), *(checkpoint or ())],
            split=split,
            endpoint=endpoint,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
            **given,
        )
    render.show(result, as_json=as_json)
