"""``aliquot run``: everything in one go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Bases, Config, Data, Debug, DryRun, Json, RunsDir, as_seeds, takes_settings
from aliquot.workflows.pipeline import run as run_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def run(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Bases = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            "--seeds",
            help="Train with several seeds on the same rows and report all: how many (3) or which (0,7,42).",
            metavar="N",
        ),
    ] = None,
    config: Config = None,
    runs_dir: RunsDir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune a model on a file of rows, score it on held-out rows and write the report.

    No setting is required: what is not given is chosen by a rule, and the report says why. Ctrl-C saves a
    checkpoint; `aliquot resume last` goes on.
    """
    with render.news(as_json=as_json) as tell:
        result = run_workflow(
            data,
            base=base or None,
            seeds=as_seeds(seeds),
            config=config,
            runs_dir=runs_dir,
            dry_run=dry_run,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(result, as_json=as_json)
