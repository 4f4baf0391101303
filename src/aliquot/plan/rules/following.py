"""The rule for following somebody else's rules."""

from __future__ import annotations

from aliquot.core.plan import Choice
from aliquot.plan.rules.choice import choose
from aliquot.plan.rules.sources import OURS


def choose_recipe() -> Choice:
    """Choose no recipe: our own rules decide."""
    return choose(
        "recipe",
        None,
        reason="None: our own rules choose what you do not. A recipe's values take their place.",
        source=OURS,
        alternatives=("openpipe-2024 or another: to repeat published work; `--recipes` lists them all.",),
    )
