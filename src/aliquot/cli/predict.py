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
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="base, base_few_shot or tuned; give it again for several.", metavar="MODEL"
        ),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Let the models of a run answer its held-out rows, then score them.

    Answers that are there already are kept.
    """
    with render.news(as_json=as_json) as tell:
        result = predict_workflow(run, models=model, runs_dir=runs_dir, within=Surroundings(tell=tell))
    render.show(result, as_json=as_json)
