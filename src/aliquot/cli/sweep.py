"""``aliquot sweep``: which setting to take."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Base, Config, Data, Debug, Json, RunsDir, takes_settings
from aliquot.workflows.surroundings import Surroundings
from aliquot.workflows.sweep import sweep as sweep_workflow
from aliquot.workflows.sweep_space import read_over

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
@takes_settings
def sweep(
    data: Data,
    *,
    settings: dict[str, Any],
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            help="What to try: learning_rate=x0.5,x1,x2 (multiples of the plan's value; the default), "
            "lora_rank=8,16,32, or learning_rate=1e-5..1e-3 (at random). Give it again for a grid.",
            metavar="NAME=VALUES",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", help="How many trials, drawn at random (8 for a range).", metavar="N", min=2
        ),
    ] = None,
    sweep_seed: Annotated[
        int, typer.Option("--sweep-seed", help="Seed of the drawing of trials.", metavar="N")
    ] = 0,
    then_run: Annotated[
        bool, typer.Option("--then-run", help="Then train and test in full with the chosen setting.")
    ] = False,
    base: Base = None,
    config: Config = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Try settings in runs of at most 150 updates, judged on validation rows; test rows are never touched.

    Every trial is listed. The rule's value is kept unless another is better by more than noise. The same
    command goes on with a sweep that was interrupted.
    """
    with render.news(as_json=as_json) as tell:
        result = sweep_workflow(
            data,
            over=read_over(over or ()),
            num_trials=trials,
            sweep_seed=sweep_seed,
            then_run=then_run,
            base=base,
            config=config,
            runs_dir=runs_dir,
            within=Surroundings(tell=tell),
            **settings,
        )
    render.show(result, as_json=as_json)
