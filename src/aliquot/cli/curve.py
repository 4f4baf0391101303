"""``aliquot curve``: what more rows would bring."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, CreateOnly, Data, Debug, Json, RunsDir, as_seeds, takes_settings
from aliquot.workflows.curve import DEFAULT_POINTS, DEFAULT_SEEDS
from aliquot.workflows.curve import curve as curve_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def curve(
    data: Data,
    *,
    settings: dict[str, Any],
    points: Annotated[
        int,
        typer.Option("--points", help="How many sizes: all training rows, a half, a quarter …", metavar="N"),
    ] = DEFAULT_POINTS,
    seeds: Annotated[
        str,
        typer.Option(
            "--seeds",
            help="How many seeds at each size (3) or which (0,7,42); each draws its own rows.",
            metavar="N",
        ),
    ] = str(DEFAULT_SEEDS),
    against: Annotated[
        str | None,
        typer.Option("--against", help="A second base model, tuned on the same rows.", metavar="NAME"),
    ] = None,
    create_only: CreateOnly = False,
    base: Base = None,
    config: Config = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune on all training rows, a half, a quarter …, and say what more rows would bring.

    Fewer rows are always part of more; test and validation rows stay the same. The same command goes on with
    a study that was interrupted.
    """
    chosen = as_seeds(seeds)
    assert chosen is not None, "there is a default"
    with render.news(as_json=as_json) as tell:
        result = curve_workflow(
            data,
            points=points,
            seeds=chosen,
            against=against,
            create_only=create_only,
            base=base,
            config=config,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(result, as_json=as_json)
