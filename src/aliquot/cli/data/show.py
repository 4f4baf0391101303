"""``aliquot data show``: what the model will see of a row, token by token."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.errors import InputError
from aliquot.workflows.show_data import show_data


@takes_settings
def show(
    data: Data,
    *,
    settings: dict[str, Any],
    line: Annotated[
        int | None, typer.Option("--line", help="The row of this line.", metavar="N", min=1)
    ] = None,
    example_id: Annotated[
        str | None, typer.Option("--id", help="The row of this name, or the beginning of one.", metavar="ID")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", help="The first N rows.", metavar="N", min=1)] = 1,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a page of them.", metavar="OUT.html")
    ] = None,
    base: Base = None,
    config: Config = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what the model will see of a row, token by token, with the trained tokens marked.

    The tokens are those that training uses. A row has several sequences where the template rewrites
    earlier turns. No model is fetched.
    """
    if line is not None and example_id is not None:
        raise InputError(
            "Found both --line and --id.", code="usage", location="aliquot data show", hint="Give one."
        )
    views = show_data(
        data, line=line, example_id=example_id, num_rows=rows, html=html, config=config, base=base, **settings
    )
    render.show(views, as_json=as_json)
    if html is not None and not as_json:
        render.line(f"page  {html}")
