"""``aliquot data prompts``: test rows with their ids, to be answered elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Config, Data, Debug, Json, takes_data_settings
from aliquot.workflows.prompts import write_prompts


@takes_data_settings
def prompts(
    data: Data,
    out: Annotated[
        Path,
        typer.Argument(help="File to write, .jsonl or .csv; replaced.", metavar="OUT", show_default=False),
    ],
    *,
    settings: dict[str, Any],
    config: Config = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the prompts of the test rows with their ids, without the answers, for another model to answer.

    `aliquot evaluate ANSWERS --against DATA` knows the rows by these ids, also where prompts repeat.
    """
    render.show(write_prompts(data, out, config=config, **settings), as_json=as_json)
