"""``aliquot runs``: list, show, compare and delete runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, Run, RunsDir, Yes
from aliquot.errors import InputError
from aliquot.workflows import runs
from aliquot.workflows.compare import compare_runs

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, show, compare and delete runs.",
)


@app.command("list")
def list_(runs_dir: RunsDir = None, as_json: Json = False, debug: Debug = False) -> None:
    """List all runs of a folder, newest first; those of a study or of several seeds under its name."""
    render.show(runs.list_runs(runs_dir), as_json=as_json)


@app.command()
def show(
    run: Run,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print its settings as a file for --config.")] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show one run: state, data, plan, results."""
    if yaml:
        render.text(runs.export_run_settings(run, runs_dir=runs_dir))
        return
    render.show(runs.show_run(run, runs_dir=runs_dir), as_json=as_json)


@app.command()
def compare(
    run: Annotated[
        list[str], typer.Argument(help="Two or more runs with the same held-out rows.", metavar="RUN RUN …")
    ],
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare runs: their tuned models on the same held-out rows, with paired tests."""
    render.show(compare_runs(run, runs_dir=runs_dir), as_json=as_json)


@app.command()
def delete(
    run: Run, yes: Yes = False, runs_dir: RunsDir = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Delete a run and everything in it; or a study, group of seeds or sweep with all its runs."""
    doomed = runs.list_doomed(run, runs_dir)
    if not yes:
        _require_consent(doomed, as_json=as_json)
    render.show({"deleted": runs.delete_run(doomed[-1])}, as_json=as_json)


def _require_consent(doomed: list[Path], *, as_json: bool) -> None:
    path, more = str(doomed[-1]), len(doomed) - 1
    if as_json or not sys.stdin.isatty():
        raise InputError(
            "Deleting was not confirmed; nothing was deleted.",
            code="not_confirmed",
            location=path,
            hint="Add --yes.",
        )
    if not typer.confirm(f"Delete {path} with {f'its {more} runs' if more else 'its adapter and answers'}?"):
        raise InputError("Nothing was deleted.", code="not_confirmed", location=path)
