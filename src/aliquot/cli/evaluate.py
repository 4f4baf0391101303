"""``aliquot evaluate``: score again, or score answers that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aliquot.cli import render
from aliquot.cli.options import Debug, Json, RunsDir, Split, takes_scoring_settings
from aliquot.data.answer_columns import COLUMN_FLAGS, columns_of_files
from aliquot.errors import InputError
from aliquot.workflows.evaluate import evaluate as evaluate_workflow
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


@app.command()
@takes_scoring_settings
def evaluate(
    run: Annotated[
        list[str],
        typer.Argument(
            help="A run: its name, the beginning of one, its folder, or `last`. With --against: files of "
            "answers, one for each model; every two are compared.",
            metavar="RUN | FILE …",
            show_default=False,
        ),
    ],
    *,
    settings: dict[str, Any],
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            help="The rows that were answered, with their references. Its training rows, if it has some, "
            "serve simple baselines.",
            metavar="FILE",
        ),
    ] = None,
    name: Names = None,
    id_column: IdColumn = None,
    prompt_column: PromptColumn = None,
    answer_column: AnswerColumn = None,
    ids_from: IdsFrom = None,
    split: Split = "test",
    missing: Missing = "refuse",
    runs_dir: RunsDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score every answer of a run again, from its files alone, or answers that were made elsewhere.

    Needs neither torch nor an accelerator. `aliquot evaluate gpt.csv llama.jsonl --against test.jsonl`
    compares two models on the same rows, with paired tests.
    """
    if missing not in ("refuse", "wrong"):
        raise InputError(
            f"Found {missing!r}, expected refuse or wrong.", code="setting_invalid", location="--missing"
        )
    options = dict(settings)
    columns = {"example_id": id_column or (), "prompt": prompt_column or (), "answer": answer_column or ()}
    columns["ids_from"] = ids_from or ()
    with render.news(as_json=as_json) as tell:
        if against is not None:
            options |= {"missing": missing, "names": name or (), "within": Surroundings(tell=tell)}
            options["columns"] = columns_of_files(columns, len(run))
        else:
            named = {"--name": name, "--missing": missing != "refuse"}
            named |= {flag: columns[field] for flag, field in COLUMN_FLAGS.items()}
            options |= {flag: value for flag, value in named.items() if value}
        report = evaluate_workflow(run, against=against, split=split, runs_dir=runs_dir, **options)
    render.show(report, as_json=as_json)
