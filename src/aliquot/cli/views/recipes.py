"""Recipes on a terminal: one line each, then what they leave open and what is done otherwise here."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, table
from aliquot.export.wording import count, rough_duration
from aliquot.plan.recipe_table import RecipeRow, RecipeTable

MIN_WIDE = 110
"""Columns from which on time and source fit beside the values."""

SHORT_NAMES: dict[tuple[str, ...], str] = {("q_proj", "v_proj"): "q, v", ("qkv_proj",): "qkv"}
HEADINGS = ("recipe", "rate", "r / α / drop", "layers", "batch", "epochs", "updates")


def table_of_recipes(recipes: RecipeTable) -> list[RenderableType]:
    """Return the table, then a paragraph per recipe."""
    rows = [row for row in recipes.rows if not row.obstacle]
    return [
        Text(f"{count(recipes.num_rows, 'training row')} for {recipes.base}\n", "dim"),
        _Rows(rows),
        Text(
            "* by our rules: the recipe leaves it open. Batches are in rows, those of packed sequences too.\n"
            "aliquot run FILE --recipe NAME follows one; your own settings win over it.",
            "dim",
        ),
        *(part for row in recipes.rows if row.source for part in _about(row)),
    ]


class _Rows:
    """The rows: with time and title where there is room."""

    def __init__(self, rows: list[RecipeRow]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.max_width < MIN_WIDE:
            yield table(HEADINGS, map(_cells, self._rows), right="1456")
            return
        rows = [(*_cells(row), rough_duration(row.train_s), row.title) for row in self._rows]
        yield table((*HEADINGS, "training", "from"), rows, right="14567")


def _cells(row: RecipeRow) -> tuple[str, ...]:
    adapter = (
        f"{_mark(row, 'lora_rank', row.lora_rank)} / {_mark(row, 'lora_alpha', row.lora_alpha)} / "
        f"{_mark(row, 'lora_dropout', f'{row.lora_dropout:g}')}"
    )
    return (
        row.name,
        _mark(row, "learning_rate", f"{row.learning_rate:.0e}".replace("e-0", "e-")),
        adapter,
        _mark(row, "target_modules", SHORT_NAMES.get(row.target_modules, "all")),
        _mark(row, "batch_size", f"{row.batch_size:,}"),
        _mark(row, "num_epochs", f"{row.num_epochs:,}"),
        f"{row.num_steps:,}",
    )


def _mark(row: RecipeRow, key: str, value: object) -> str:
    is_open = bool(row.source) and f"train.{key}" not in row.by_recipe
    return f"{value}*" if is_open else str(value)


def _about(row: RecipeRow) -> list[RenderableType]:
    otherwise = [("otherwise here" if not n else " ", text) for n, text in enumerate(row.not_followed)]
    return [
        heading(f"{row.name}: {row.title}"),
        facts(
            [
                ("not possible here", row.obstacle),
                ("left open", row.leaves_open),
                *otherwise,
                ("source", row.source),
            ]
        ),
    ]
