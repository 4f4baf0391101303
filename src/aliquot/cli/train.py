"""``aliquot train``: tune only."""

from __future__ import annotations

from typing import Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, DryRun, Json, RunsDir, takes_settings
from aliquot.workflows.plan import plan as plan_workflow
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.train import train as train_workflow

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def train(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Base = None,
    config: Config = None,
    runs_dir: RunsDir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Tune a model on a file of rows without letting any model answer held-out rows.

    `aliquot predict`, `aliquot evaluate` and `aliquot report` can follow.
    """
    with render.news(as_json=as_json) as tell:
        within = Surroundings(tell=tell)
        if dry_run:
            result: Any = plan_workflow(data, base=base, config=config, within=within, **settings)
        else:
            result = train_workflow(
                data, base=base, config=config, runs_dir=runs_dir, within=within, **settings
            )
    render.show(result, as_json=as_json)
