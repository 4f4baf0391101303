"""``aliquot data``: verbs for a data file; one file each, one line here."""

from __future__ import annotations

import typer

from aliquot.cli.data import show

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Look at single rows: what the model will see, token by token.",
)


@app.callback()
def data() -> None:
    """Work on a data file."""


app.command("show")(show.show)
