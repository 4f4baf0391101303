"""``aliquot resume``: go on with a run."""

from __future__ import annotations

from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.resume import resume as resume_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def resume(
    run: Run,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Forget its checkpoints and train from step 0.")
    ] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on from the last checkpoint of a run; one that is at work is followed.

    The result is the same as without the interruption.
    """
    with render.news(as_json=as_json) as tell:
        result = resume_workflow(
            run, from_start=from_start, runs_dir=runs_dir, within=Surroundings(tell=tell)
        )
    render.show(result, as_json=as_json)
