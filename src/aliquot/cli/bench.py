"""``aliquot bench``: which base to tune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Config, CreateOnly, Debug, Json, RunsDir, as_seeds, takes_settings
from aliquot.workflows.bench import DEFAULT_SEEDS
from aliquot.workflows.bench import bench as bench_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def bench(
    data: Annotated[
        list[Path],
        typer.Argument(help="One or more files of rows.", metavar="FILE [FILE …]", show_default=False),
    ],
    *,
    settings: dict[str, Any],
    bases: Annotated[
        str,
        typer.Option(
            "--bases", help="Base models to compare, with commas between.", metavar="A,B", show_default=False
        ),
    ],
    seeds: Annotated[
        str,
        typer.Option("--seeds", help="How many training seeds (3) or which (0,7,42).", metavar="N"),
    ] = str(DEFAULT_SEEDS),
    create_only: CreateOnly = False,
    config: Config = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune several bases on one or more files with several seeds, and compare them on the same rows.

    Settings are resolved once for each base and file, by the rules or by --recipe. The same command goes on
    with a study that was interrupted.
    """
    with render.news(as_json=as_json) as tell:
        result = bench_workflow(
            data,
            bases=[name.strip() for name in bases.split(",") if name.strip()],
            seeds=as_seeds(seeds) or DEFAULT_SEEDS,
            create_only=create_only,
            config=config,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(result, as_json=as_json)
