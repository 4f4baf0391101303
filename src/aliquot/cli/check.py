"""``aliquot check``: what is in a data file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.core.dataset import DataReport
from aliquot.workflows.check import check as check_workflow

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
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every note with its lines and what to do.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say whether data is fit for training: splits, answers, lengths, duplicates, what its test can show.

    The file is never changed and nothing is fetched. Exits with 2 when a finding forbids training.
    """
    report = check_workflow(data, base=base, config=config, **settings)
    render.show(report, as_json=as_json, show_all=show_all)
    written = _save(report, html, card)
    if written and not as_json:
        render.line("\n".join(["", *(f"written  {path}" for path in written)]))
    if report.has_errors:
        raise typer.Exit(2)


def _save(report: DataReport, html: Path | None, card: Path | None) -> list[Path]:
    """Write what was asked for; return the paths."""
    if html is None and card is None:
        return []
    from aliquot.workflows.data_card import save_check_page, save_data_card

    written = [save_check_page(report, html)] if html else []
    return [*written, *(save_data_card(report, card) if card else ())]
