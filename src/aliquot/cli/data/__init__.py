"""``aliquot data``: verbs for a data file; one file each, one line here."""

from __future__ import annotations

import typer

from aliquot.cli.data import convert

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Work on a data file without a model.",
)


@app.callback()
def data() -> None:
    """Work on a data file."""


app.command("convert")(convert.convert)
