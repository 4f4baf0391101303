"""``aliquot report``: write the report and the files for a paper."""

from __future__ import annotations

from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir
from aliquot.workflows.report import report as report_workflow

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def report(
    run: Run,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Write only this file; give it again for several.", metavar="NAME"),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report, the tables, the Methods paragraph and the script that repeats the run."""
    render.show(report_workflow(run, only=only, runs_dir=runs_dir), as_json=as_json)
