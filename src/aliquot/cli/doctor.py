"""``aliquot doctor``: is this machine fit."""

from __future__ import annotations

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, RunsDir
from aliquot.errors import MachineError
from aliquot.workflows.doctor import doctor as doctor_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(runs_dir: RunsDir = None, as_json: Json = False, debug: Debug = False) -> None:
    """Look at Python, packages, folders, disk, memory and speed, with the remedy for each fault.

    Takes less than a minute. Exits with 3 when this machine is not fit.
    """
    with render.news(as_json=as_json) as tell:
        diagnosis = doctor_workflow(runs_dir=runs_dir, within=Surroundings(tell=tell))
    render.show(diagnosis, as_json=as_json)
    if not diagnosis.is_fit:
        raise typer.Exit(MachineError.exit_code)
