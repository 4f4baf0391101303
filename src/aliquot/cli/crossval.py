"""``aliquot crossval``: each row is test exactly once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, CreateOnly, Data, Debug, Json, RunsDir, takes_settings
from aliquot.workflows.crossval import crossval as crossval_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def crossval(
    data: Data,
    *,
    settings: dict[str, Any],
    folds: Annotated[
        int | None,
        typer.Option("--folds", help="How many folds; 5 by default.", metavar="N", show_default=False),
    ] = None,
    by_group: Annotated[
        bool,
        typer.Option("--by-group", help="Leave out one group (value of data.group_key) at a time instead."),
    ] = False,
    create_only: CreateOnly = False,
    base: Base = None,
    config: Config = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune once per fold on the other rows, and score the answers of all folds together.

    Each row is test exactly once. The same command goes on with a study that was interrupted.
    """
    with render.news(as_json=as_json) as tell:
        result = crossval_workflow(
            data,
            folds=folds,
            by_group=by_group,
            create_only=create_only,
            base=base,
            config=config,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(result, as_json=as_json)
