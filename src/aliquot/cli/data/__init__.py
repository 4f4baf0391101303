"""``aliquot data``: verbs for a data file; one file each, one line here."""

from __future__ import annotations

import typer

from aliquot.cli.data import convert, prompts, show

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Convert a data file; write its test prompts; look at single rows as the model will see them.",
)


@app.callback()
def data() -> None:
    """Work on a data file."""


app.command("convert")(convert.convert)
app.command("prompts")(prompts.prompts)
app.command("show")(show.show)
