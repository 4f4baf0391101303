"""``aliquot check``: what is in a data file."""

from __future__ import annotations

from typing import Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.workflows.check import check as check_workflow
from aliquot.workflows.check import require_usable

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def check(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Base = None,
    config: Config = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what is in a data file: rows, splits, lengths, duplicates, and what its test set can show.

    Nothing is written or fetched. Exits with 2 when a finding forbids training.
    """
    report = check_workflow(data, base=base, config=config, **settings)
    render.show(report, as_json=as_json)
    if report.has_errors and as_json:
        raise typer.Exit(2)
    require_usable(report)
