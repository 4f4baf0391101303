"""``aliquot compare``: models on the same items, wherever their answers were made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, RunsDir
from aliquot.workflows.compare import compare as compare_workflow

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def compare(
    model: Annotated[
        list[str],
        typer.Argument(
            help="A run (its tuned model), a folder of answers made elsewhere (all models in it), or "
            "RUN:MODEL, such as last:base.",
            metavar="RUN[:MODEL] …",
            show_default=False,
        ),
    ],
    *,
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            help="Compare every other model with this one; default: the simplest of them (a simple baseline, "
            "else an untuned base), else the first.",
            metavar="MODEL",
        ),
    ] = None,
    common: Annotated[
        bool,
        typer.Option("--common", help="Compare on the items that all have answered, and leave out the rest."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for compare.html, compare.csv, compare.tex and disagreements.csv.",
            metavar="FOLDER",
        ),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare models that have answered the same items: scores, paired tests, where they disagree.

    `aliquot compare last last:base gpt-answers` takes two models of the newest run and those of a folder that
    `aliquot evaluate FILES --against ROWS` has made.
    """
    found = compare_workflow(model, reference=reference, common=common, out=out, runs_dir=runs_dir)
    render.show(found, as_json=as_json)
