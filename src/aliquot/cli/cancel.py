"""``aliquot cancel``: end a run."""

from __future__ import annotations

from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.cancel import cancel as cancel_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def cancel(
    run: Run,
    stop: Annotated[bool, typer.Option("--stop", help="Only stop it: `aliquot resume` can go on.")] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """End a run for good after its present step; its files stay."""
    with render.news(as_json=as_json) as tell:
        result = cancel_workflow(run, stop=stop, runs_dir=runs_dir, within=Surroundings(tell=tell))
    render.show((result,), as_json=as_json)
