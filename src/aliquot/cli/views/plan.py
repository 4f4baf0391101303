"""A plan on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.text import Text

from aliquot.cli.views.layout import facts, heading, table
from aliquot.core.plan import Choice, Estimate, Plan, RecipeUse
from aliquot.export.wording import count, rough_duration, setting_text, size

MIN_TABLE_WIDTH = 110
"""Columns from which on the reasons fit beside the settings."""


def brief(plan: Plan) -> list[RenderableType]:
    """Return the base, the few settings that matter most, and what it will take."""
    names = (
        "train.num_epochs",
        "train.learning_rate",
        "train.batch_size",
        "train.method",
        "train.lora_rank",
        "train.precision",
    )
    found = {choice.name: choice for choice in plan.choices}
    settings = [
        f"{name.rpartition('.')[2]} {setting_text(found[name].value)}"
        + ("" if found[name].set_by == "rule" else f" ({found[name].origin})")
        for name in names
        if name in found
    ]
    base = found.get("base")
    parts: list[RenderableType] = [
        facts(
            [
                ("base", f"{plan.base}{f': {base.reason}' if base and base.set_by == 'rule' else ''}"),
                ("plan", " · ".join(settings)),
                ("recipe", _updates(plan.recipe) if plan.recipe else ""),
                ("cost", _cost(plan.estimate)),
            ]
        )
    ]
    return parts + [Text.assemble(("! ", "yellow"), warning) for warning in plan.warnings]


def full(plan: Plan) -> list[RenderableType]:
    """Return every setting with its reason, the sources, then what the run will take."""
    sources = list(dict.fromkeys(choice.source for choice in plan.choices if choice.source))
    return [
        _Choices(plan.choices, sources),
        heading("Sources"),
        facts((f"[{number}]", source) for number, source in enumerate(sources, start=1)),
        *(_recipe(plan.recipe) if plan.recipe else ()),
        heading("What it will take"),
        facts(_list_costs(plan)),
        *(Text.assemble(("! ", "yellow"), warning) for warning in plan.warnings),
    ]


class _Choices:
    """The settings: a table where there is room for the reasons, else each reason below its setting."""

    def __init__(self, choices: Sequence[Choice], sources: list[str]) -> None:
        self._choices, self._sources = choices, sources

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if options.max_width >= MIN_TABLE_WIDTH:
            rows = [(*self._cells(choice), self._why(choice)) for choice in self._choices]
            yield table(("setting", "value", "set by", "why"), rows, widths={1: 24})
            return
        for choice in self._choices:
            name, value, set_by = self._cells(choice)
            yield Text.assemble((name, "bold"), "  ", value, "  ", set_by)
            yield Padding(self._why(choice), (0, 0, 0, 4))

    def _cells(self, choice: Choice) -> tuple[str, str, Text]:
        is_rule = choice.set_by == "rule"
        value = setting_text(choice.value, choice.unit)
        return choice.name, value, Text(choice.origin, "dim" if is_rule else "cyan")

    def _why(self, choice: Choice) -> Text:
        why = Text(choice.reason)
        if choice.rule_value is not None and choice.set_by != "rule":
            theirs = setting_text(choice.rule_value, choice.unit)
            why.append(f" {_compare(choice, theirs)}")
        if choice.source:
            why.append(f" [{self._sources.index(choice.source) + 1}]", "dim")
        return why


def _compare(choice: Choice, theirs: str) -> str:
    """Return what our rule would take; for a recipe also why it differs."""
    if not choice.recipe:
        return f"The rule would take {theirs}."
    if choice.rule_value == choice.value:
        return "Our rule takes the same."
    return f"Our rule would take {theirs}: {choice.rule_reason}"


def _recipe(recipe: RecipeUse) -> list[RenderableType]:
    otherwise = [
        ("otherwise here" if number == 0 else "", text) for number, text in enumerate(recipe.not_followed)
    ]
    return [
        heading(f"Recipe {recipe.name}: {recipe.title}"),
        facts(
            [
                ("updates", _updates(recipe)),
                ("left open", recipe.leaves_open),
                *otherwise,
                ("source", recipe.source),
            ]
        ),
    ]


def _updates(recipe: RecipeUse) -> str:
    return (
        f"{recipe.name} makes {count(recipe.num_steps, 'update')}; our rules would make "
        f"{recipe.rule_num_steps:,}"
    )


def _list_costs(plan: Plan) -> list[tuple[str, str]]:
    device, estimate = plan.device, plan.estimate
    return [
        ("device", f"{device.name} ({device.kind}, {count(device.num_threads, 'thread')})"),
        ("steps", f"{estimate.num_steps:,}"),
        (
            "tokens",
            f"{estimate.num_tokens:,}, of which {estimate.computed_tokens:,} are computed "
            f"(shared prefixes once) and {estimate.trained_tokens:,} are trained",
        ),
        ("time", _cost(estimate)),
        ("memory", f"about {size(estimate.memory_bytes)}"),
        ("disk", f"at most about {size(estimate.disk_bytes)}, checkpoints included"),
        ("trained", count(estimate.trainable_parameters, "parameter")),
        ("basis", estimate.basis),
    ]


def _cost(estimate: Estimate) -> str:
    return f"training {rough_duration(estimate.train_s)}, answers {rough_duration(estimate.predict_s)}"
