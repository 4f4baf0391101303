"""``aliquot models``: list, fetch and show base models."""

from __future__ import annotations

from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json
from aliquot.workflows import models
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, fetch and show base models.",
)

Name = Annotated[
    str,
    typer.Argument(
        help="A name of `aliquot models list`, a Hub id (owner/name@revision), a folder or a GGUF file.",
        metavar="NAME",
        show_default=False,
    ),
]


@app.command("list")
def list_(as_json: Json = False, debug: Debug = False) -> None:
    """List the catalogue, and which models are here."""
    render.show(models.list_models(), as_json=as_json)


@app.command()
def fetch(name: Name, as_json: Json = False, debug: Debug = False) -> None:
    """Fetch a base model and prepare it, so that runs can start without a network."""
    with render.news(as_json=as_json) as tell:
        result = models.fetch_model(name, within=Surroundings(tell=tell))
    render.show(result, as_json=as_json)


@app.command()
def show(name: Name, as_json: Json = False, debug: Debug = False) -> None:
    """Show one base model: licence, sizes, files and their hashes."""
    render.show(models.show_model(name), as_json=as_json)
