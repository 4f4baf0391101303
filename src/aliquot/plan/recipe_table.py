"""All recipes on one data set, beside our rules: what each would train, with how many updates."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aliquot.config.given import GivenSettings
from aliquot.core.dataset import DataReport
from aliquot.core.model import PreparedModel
from aliquot.core.plan import Device
from aliquot.errors import AliquotError
from aliquot.plan.recipe import Recipe, list_recipes
from aliquot.plan.resolve import resolve

OUR_NAME = "our rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRow:
    """One recipe on this data; the values are those that a run would have.

    Attributes:
        by_recipe: Settings that the recipe set; the others follow our rules or the user.
        num_steps: Optimizer steps, 0 when it cannot be followed here.
        train_s: Estimated seconds of training on this machine.
        obstacle: Why it cannot be followed here; empty when it can.
    """

    name: str
    title: str
    source: str = ""
    by_recipe: tuple[str, ...] = ()
    learning_rate: float = 0.0
    lora_rank: int = 0
    lora_alpha: int = 0
    lora_dropout: float = 0.0
    target_modules: tuple[str, ...] = ()
    batch_size: int = 0
    num_epochs: int = 0
    num_steps: int = 0
    train_s: float = 0.0
    leaves_open: str = ""
    not_followed: tuple[str, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeTable:
    """Every recipe on one data set and one base model; our rules first."""

    base: str
    num_rows: int
    rows: tuple[RecipeRow, ...]


def compare_recipes(
    given: GivenSettings, data: DataReport, model: PreparedModel, device: Device
) -> RecipeTable:
    """Return what our rules and every recipe would train, with the user's settings kept.

    Args:
        given: The user's settings; a recipe named there is left aside.
        data: The data check, with token counts under this model.
        model: The prepared base model.
        device: The probed machine.

    Raises:
        InputError: Our own rules cannot plan either.
        MachineError: The device is not there or has too little memory.
    """
    ours = _row(_following(given, None), data, model, device)
    theirs = [_row_of(recipe, given, data, model, device=device) for recipe in list_recipes()]
    return RecipeTable(
        base=model.source.name, num_rows=data.get_split("train").num_rows, rows=(ours, *theirs)
    )


def _row_of(
    recipe: Recipe, given: GivenSettings, data: DataReport, model: PreparedModel, *, device: Device
) -> RecipeRow:
    try:
        return _row(_following(given, recipe.name), data, model, device)
    except AliquotError as error:  # a rank above the model's width, for example: said in its row
        return RecipeRow(name=recipe.name, title=recipe.title, source=recipe.source, obstacle=error.message)


def _row(given: GivenSettings, data: DataReport, model: PreparedModel, device: Device) -> RecipeRow:
    resolved = resolve(given, data, model, device)
    plan, training = resolved.plan, resolved.training
    used = plan.recipe
    return RecipeRow(
        name=used.name if used else OUR_NAME,
        title=used.title if used else "",
        source=used.source if used else "",
        by_recipe=tuple(choice.name for choice in plan.choices if choice.recipe),
        learning_rate=training.learning_rate,
        lora_rank=training.lora_rank,
        lora_alpha=training.lora_alpha,
        lora_dropout=training.lora_dropout,
        target_modules=training.target_modules,
        batch_size=training.batch_size,
        num_epochs=training.num_epochs,
        num_steps=training.num_steps,
        train_s=plan.estimate.train_s,
        leaves_open=used.leaves_open if used else "",
        not_followed=used.not_followed if used else (),
    )


def _following(given: GivenSettings, name: str | None) -> GivenSettings:
    origins = {key: by for key, by in given.origins.items() if key != "recipe"}
    if name:
        origins["recipe"] = "you"
    return replace(given, settings=given.settings.model_copy(update={"recipe": name}), origins=origins)
