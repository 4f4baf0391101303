"""What a recipe is: the settings that a paper, a product or a notebook published, for the data at hand.

A new recipe is one file in ``recipes/`` with a ``RECIPE``. It holds what its source says and nothing else:
what the source leaves open is chosen by our rules, what it asks for and Aliquot lacks is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aliquot.core.model import Architecture
from aliquot.plan.rules.choice import Asked
from aliquot.plan.rules.optimisation import LINEAR_LAYERS
from aliquot.plugins import get_extension, list_extensions

RECIPES_PACKAGE = "aliquot.plan.recipes"
MAX_EPOCHS = 1000
"""As many as the setting allows; recipes that count steps can ask for more on small data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a recipe's rules may look at.

    Attributes:
        num_rows: Training rows.
        num_tokens: Their tokens, shared prefixes counted in every row.
        architecture: The base model's sizes.
    """

    num_rows: int
    num_tokens: int
    architecture: Architecture

    @property
    def tokens_per_row(self) -> float:
        """Mean length of a row, in tokens."""
        return self.num_tokens / self.num_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One recipe.

    Attributes:
        name: The file's name.
        title: Words for tables: who, what, when.
        source: Where it is published: paper, or file of a repository at a commit.
        fixed: Values that do not depend on data or model, by training setting.
        rules: Values that do; they join the fixed ones. None of the recipes stops early.
        warmup_steps: Steps of warm-up, where the source counts them; a share of the run follows.
        leaves_open: What the source does not say, and our rules choose.
        not_followed: What it asks for and Aliquot does otherwise, each a sentence.
    """

    name: str
    title: str
    source: str
    fixed: Mapping[str, Any]
    rules: Callable[[Case], dict[str, Asked]]
    warmup_steps: int | None = None
    leaves_open: str
    not_followed: tuple[str, ...] = field(default_factory=tuple)

    def ask(self, case: Case) -> dict[str, Asked]:
        """Return what it asks for, by the full name of the setting."""
        values = {"early_stopping_patience": Asked(0, "It trains to its end.")}
        values |= {key: Asked(value) for key, value in self.fixed.items()} | self.rules(case)
        return {f"train.{key}": self._signed(asked) for key, asked in values.items()}

    def ask_warmup(self, num_steps: int) -> Asked | None:
        """Return the share of the run that its steps of warm-up are; None when it counts none."""
        if self.warmup_steps is None:
            return None
        steps = min(self.warmup_steps, num_steps)
        reason = f"{self.warmup_steps} steps of warm-up, in a run of {num_steps:,}."
        return self._signed(Asked(steps / num_steps, reason))

    def _signed(self, asked: Asked) -> Asked:
        return replace(asked, recipe=self.name, source=self.source)


def get_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        InputError: No such recipe; the message lists the known names.
    """
    return get_extension(RECIPES_PACKAGE, name, "RECIPE")


def list_recipes() -> tuple[Recipe, ...]:
    """Return all recipes, by name."""
    return tuple(get_recipe(name) for name in list_extensions(RECIPES_PACKAGE))


def all_linear_layers(case: Case) -> dict[str, Asked]:
    """Return the setting of every linear layer of attention and MLP; nothing for an unknown architecture."""
    names = LINEAR_LAYERS.get(case.architecture.model_type)
    return {"target_modules": Asked(names, "All linear layers of attention and MLP.")} if names else {}


def queries_and_values(case: Case) -> dict[str, Asked]:
    """Return the setting of the query and value projections; the fused one where a model has no others."""
    names = LINEAR_LAYERS.get(case.architecture.model_type)
    if not names:
        return {}
    if "qkv_proj" in names:
        return {"target_modules": Asked(("qkv_proj",), "Queries and values, fused with keys in this model.")}
    return {"target_modules": Asked(("q_proj", "v_proj"), "Query and value projections only.")}


def packed_rows(case: Case, *, sequences: int, length: int) -> Asked:
    """Return the rows of a step that holds packed sequences.

    Args:
        case: Rows and their tokens.
        sequences: Packed sequences of a step.
        length: Tokens of a packed sequence.
    """
    rows_each = max(1, math.floor(length / case.tokens_per_row))
    rows = min(sequences * rows_each, case.num_rows)
    return Asked(
        rows,
        f"{sequences} packed sequences of {length:,} tokens; at {case.tokens_per_row:,.0f} tokens a row each "
        f"holds {rows_each:,} rows, so a step sees {sequences * rows_each:,}"
        + (f"; there are {case.num_rows:,}." if rows < sequences * rows_each else "."),
    )


def fixed_steps(case: Case, *, num_steps: int, batch_size: int, why: str) -> dict[str, Asked]:
    """Return the settings of a run that counts steps: the limit, and epochs enough to reach it."""
    epochs = min(MAX_EPOCHS, math.ceil(num_steps / math.ceil(case.num_rows / batch_size)))
    return {
        "max_steps": Asked(num_steps, why),
        "num_epochs": Asked(
            epochs, f"{num_steps:,} steps of {batch_size} rows, whatever the data: {epochs:,} epochs here."
        ),
    }
