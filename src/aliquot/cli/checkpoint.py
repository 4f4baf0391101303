"""``aliquot checkpoint``: save a run that is training now."""

from __future__ import annotations

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.checkpoint import checkpoint as checkpoint_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def checkpoint(run: Run, runs_dir: RunsDir = None, as_json: Json = False, debug: Debug = False) -> None:
    """Save a checkpoint of a run after its present step; the run goes on."""
    with render.news(as_json=as_json) as tell:
        result = checkpoint_workflow(run, runs_dir=runs_dir, within=Surroundings(tell=tell))
    render.show(result, as_json=as_json)
