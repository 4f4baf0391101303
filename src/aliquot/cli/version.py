"""``aliquot version``."""

from __future__ import annotations

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json
from aliquot.version import __version__

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def version(as_json: Json = False, debug: Debug = False) -> None:
    """Show the version of Aliquot."""
    render.show({"version": __version__}, as_json=as_json)
