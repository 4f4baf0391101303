"""``aliquot evaluate``: score again."""

from __future__ import annotations

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.evaluate import evaluate as evaluate_workflow

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def evaluate(
    run: Run,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score every answer of a run again, from its files alone; needs neither torch nor an accelerator."""
    render.show(evaluate_workflow(run, runs_dir=runs_dir), as_json=as_json)
