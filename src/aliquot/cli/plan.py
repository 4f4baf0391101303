"""``aliquot plan``: every setting, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, takes_settings
from aliquot.errors import InputError
from aliquot.workflows.plan import compare_recipes, weigh_machines
from aliquot.workflows.plan import plan as plan_workflow
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def plan(
    data: Data,
    *,
    settings: dict[str, Any],
    base: Base = None,
    config: Config = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", help="Write the settings given here as a file for --config.", metavar="FILE"
        ),
    ] = None,
    recipes: Annotated[
        bool, typer.Option("--recipes", help="Show instead what every recipe would train on this data.")
    ] = False,
    where: Annotated[
        bool,
        typer.Option(
            "--where", help="Show instead which base fits which machine, how long it takes, what it costs."
        ),
    ] = False,
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price",
            help="With --where: USD per hour of a machine, such as A100=1.79; again for others.",
            metavar="MACHINE=USD",
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show every setting with its value, who set it, why, and the source; and what the run will take.

    No run is created; the base model is fetched if it is not here yet (not for --where).
    """
    prices = read_prices(price or ())
    _require_one(recipes=recipes, where=where or bool(prices), export=export is not None)
    with render.news(as_json=as_json) as tell:
        shared: dict[str, Any] = {
            **settings,
            "base": base,
            "config": config,
            "within": Surroundings(tell=tell),
        }
        if where or prices:
            result: Any = weigh_machines(data, prices=prices, **shared)
        elif recipes:
            result = compare_recipes(data, **shared)
        else:
            result = plan_workflow(data, export=export, **shared)
    render.show(result, as_json=as_json)


def _require_one(**asked: bool) -> None:
    """Refuse two tables at once.

    Raises:
        InputError: More than one was asked for (``options_exclusive``).
    """
    names = [f"--{name}" for name, is_asked in asked.items() if is_asked]
    if len(names) > 1:
        raise InputError(
            f"Found {' and '.join(names)}, expected one of them.",
            code="options_exclusive",
            location=names[1],
            hint="Type the command once for each.",
        )


def read_prices(texts: Sequence[str]) -> dict[str, float]:
    """Return the prices of ``--price MACHINE=USD``.

    Raises:
        InputError: A text is not of this form (``price_invalid``).
    """
    prices = {}
    for text in texts:
        name, _, usd = text.partition("=")
        try:
            prices[name.strip()] = float(usd)
        except ValueError:
            raise InputError(
                f"Found {text!r}, expected a machine, an equals sign and USD per hour.",
                code="price_invalid",
                location="--price",
                hint="For example --price A100=1.79",
            ) from None
    return prices
