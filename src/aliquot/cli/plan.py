"""``aliquot plan``: every setting, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.workflows.plan import plan as plan_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def plan(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Base = None,
    config: Config = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", help="Write the settings given here as a file for --config.", metavar="FILE"
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show every setting with its value, who set it, why, and the source; and what the run will take.

    No run is created; the base model is fetched if it is not here yet.
    """
    with render.news(as_json=as_json) as tell:
        within = Surroundings(tell=tell)
        result = plan_workflow(data, base=base, config=config, export=export, within=within, **settings)
    render.show(result, as_json=as_json)
