"""``aliquot evaluate``: score again, or score answers that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, RunsDir, Split, takes_scoring_settings
from aliquot.cli.predict import KeyEnv, MaxCost, NumAtOnce, PriceIn, PriceOut
from aliquot.data.answer_columns import COLUMN_FLAGS, columns_of_files
from aliquot.errors import InputError
from aliquot.workflows.evaluate import evaluate as evaluate_workflow
from aliquot.workflows.grade import JudgeOptions
from aliquot.workflows.surroundings import Surroundings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _column(flag: str, what: str) -> Any:
    return typer.Option(
        flag,
        help=f"Column of {what}; found by its name. Once for all files, or once for each in their order.",
        metavar="NAME",
    )


IdColumn = Annotated[list[str] | None, _column("--id-column", "the rows' ids")]
PromptColumn = Annotated[list[str] | None, _column("--prompt-column", "the prompts")]
AnswerColumn = Annotated[list[str] | None, _column("--answer-column", "the models' answers")]
IdsFrom = Annotated[
    list[str] | None,
    typer.Option(
        "--ids-from",
        help="Ids are numbers of the test rows, counted from 0 or 1; needed only where they do not tell.",
        metavar="0|1",
    ),
]

Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Name of the model, once for each file.", metavar="MODEL"),
]
Missing = Annotated[
    str,
    typer.Option(
        "--missing", help="Rows without an answer: `refuse` them, or count them as `wrong`.", metavar="HOW"
    ),
]


Answered = Annotated[
    list[str],
    typer.Argument(
        help="A run: its name, the beginning of one, its folder, or `last`. With --against: files of "
        "answers, one for each model; every two are compared.",
        metavar="RUN | FILE …",
        show_default=False,
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        help="The rows that were answered, with their references. Its training rows, if it has some, "
        "serve simple baselines.",
        metavar="FILE",
    ),
]
Graders = Annotated[
    list[str] | None,
    typer.Option(
        "--grader",
        help="A grader whose number becomes a metric: a JSON file in OpenAI's form, or a function of your "
        "own, my_metric.py:grade. Give it again for several.",
        metavar="FILE",
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        help="The service that graders ask which are models; it speaks OpenAI's chat completions.",
        metavar="URL",
    ),
]


@app.command()
@takes_scoring_settings
def evaluate(
    run: Answered,
    *,
    settings: dict[str, Any],
    against: Against = None,
    name: Names = None,
    id_column: IdColumn = None,
    prompt_column: PromptColumn = None,
    answer_column: AnswerColumn = None,
    ids_from: IdsFrom = None,
    split: Split = "test",
    missing: Missing = "refuse",
    grader: Graders = None,
    endpoint: Endpoint = None,
    endpoint_key_env: KeyEnv = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    max_cost_usd: MaxCost = None,
    num_at_once: NumAtOnce = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score every answer of a run again, from its files alone, or answers that were made elsewhere.

    Needs neither torch nor an accelerator. `aliquot evaluate gpt.csv llama.jsonl --against test.jsonl`
    compares two models on the same rows, with paired tests. Graders add metrics of your own.
    """
    if missing not in ("refuse", "wrong"):
        raise InputError(
            f"Found {missing!r}, expected refuse or wrong.", code="setting_invalid", location="--missing"
        )
    options = dict(settings)
    columns = {"example_id": id_column or (), "prompt": prompt_column or (), "answer": answer_column or ()}
    columns["ids_from"] = ids_from or ()
    judge = JudgeOptions(
        endpoint=endpoint,
        endpoint_key_env=endpoint_key_env,
        price_in=price_in,
        price_out=price_out,
        max_cost_usd=max_cost_usd,
        num_at_once=num_at_once,
    )
    with render.news(as_json=as_json) as tell:
        if against is not None:
            options |= {"missing": missing, "names": name or ()}
            options["columns"] = columns_of_files(columns, len(run))
        else:
            named = {"--name": name, "--missing": missing != "refuse"}
            named |= {flag: columns[field] for flag, field in COLUMN_FLAGS.items()}
            options |= {flag: value for flag, value in named.items() if value}
        report = evaluate_workflow(
            run, against=against, split=split, graders=grader or (), judge=judge, runs_dir=runs_dir,
            within=Surroundings(tell=tell), **options,
        )  # fmt: skip
    render.show(report, as_json=as_json)
