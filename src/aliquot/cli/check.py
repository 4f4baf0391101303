"""``aliquot check``: what is in a data file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.workflows.check import check as check_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def check(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Base = None,
    config: Config = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the check as a page for a browser.", metavar="FILE")
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            help="Write a data card and a Croissant file to publish with the data.",
            metavar="FOLDER",
        ),
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(
            "--fix",
            help="Write a corrected copy and a list of the changes; the file itself is never changed.",
            metavar="FILE",
        ),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every note with its lines and what to do.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say whether data is fit for training: splits, answers, lengths, duplicates, what its test can show.

    The file is never changed and no model is fetched. Exits with 2 when a finding forbids training.
    """
    with render.news(as_json=as_json) as tell:
        report = check_workflow(
            data,
            base=base,
            config=config,
            html=html,
            card=card,
            fix=fix,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(report, as_json=as_json, show_all=show_all)
    if not as_json:
        for path in filter(None, (html, card, fix)):
            render.line(f"written  {path}")
    if report.has_errors:
        raise typer.Exit(2)
