"""The rule for following somebody else's rules."""

from __future__ import annotations

from aliquot.core.plan import Choice
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import OURS


def choose_recipe(title: str = "") -> Choice:
    """Choose no recipe: our own rules decide.

    Args:
        title: Of the recipe that the user named.
    """
    return choose(
        "recipe",
        None,
        reason=f"{title}: its values take the place of our rules', your own stay."
        if title
        else "None: our own rules choose what you do not.",
        source=OURS,
        alternatives=("openpipe-2024 or another: to repeat published work; `--recipes` lists them all.",),
    )
