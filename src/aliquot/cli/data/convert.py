"""``aliquot data convert``: a data file from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Config, Data, Debug, Json, takes_data_settings
from aliquot.workflows.convert import convert as convert_workflow


@takes_data_settings
def convert(
    data: Data,
    out: Annotated[
        Path, typer.Argument(help="File to write; a folder for mlx.", metavar="OUT", show_default=False)
    ],
    *,
    settings: dict[str, Any],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help="Format to write: chat_jsonl, prompt_completion, alpaca, sharegpt, preference, plain_text, "
            "json_array, csv_table, parquet_table or mlx. Told by the ending of OUT when not given.",
            metavar="FORMAT",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is there.")] = False,
    config: Config = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a data file in another format: every row, or none with the reason.

    A name that ends in .gz or .zst is packed. Splits that rows or files name are kept; none is made.
    """
    done = convert_workflow(data, out, to=to, force=force, config=config, **settings)
    render.show(done, as_json=as_json)
