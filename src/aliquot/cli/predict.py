"""``aliquot predict``: let the models of a run answer."""

from __future__ import annotations

from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.predict import predict as predict_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def predict(
    run: Run,
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="base, base_few_shot or tuned; give it again for several.", metavar="MODEL"
        ),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint", help="A service that speaks OpenAI's chat completions answers.", metavar="URL"
        ),
    ] = None,
    endpoint_model: Annotated[
        str | None, typer.Option("--endpoint-model", help="The model's name there.", metavar="NAME")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--as", help="What to call it in this run; from its name by default.", metavar="NAME"),
    ] = None,
    endpoint_key_env: Annotated[
        str,
        typer.Option("--endpoint-key-env", help="Environment variable that holds the key.", metavar="NAME"),
    ] = "OPENAI_API_KEY",
    price_in: Annotated[
        float | None, typer.Option("--price-in", help="USD per million tokens of prompts.", metavar="X")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", help="USD per million tokens of answers.", metavar="X")
    ] = None,
    max_cost_usd: Annotated[
        float | None,
        typer.Option("--max-cost-usd", help="Stop before this could be passed; needs prices.", metavar="X"),
    ] = None,
    num_at_once: Annotated[
        int, typer.Option("--num-at-once", help="Requests under way at the same time.", metavar="N")
    ] = 4,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Let the models of a run answer its held-out rows, then score them.

    Answers that are there already are kept. With --endpoint and --endpoint-model a hosted model answers
    the test rows and is compared with the others; an estimate is told before anything is sent.
    """
    with render.news(as_json=as_json) as tell:
        result = predict_workflow(
            run,
            models=model,
            endpoint=endpoint,
            endpoint_model=endpoint_model,
            name=name,
            endpoint_key_env=endpoint_key_env,
            price_in=price_in,
            price_out=price_out,
            max_cost_usd=max_cost_usd,
            num_at_once=num_at_once,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
        )
    render.show(result, as_json=as_json)
