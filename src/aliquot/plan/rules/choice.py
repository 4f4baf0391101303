"""How a rule says what it chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.config.schema import get_setting
from aliquot.core.plan import Choice


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that a recipe asks for, and why: a sentence with the figures that decided."""

    value: Any
    reason: str = "As published."
    recipe: str = ""
    source: str = ""


def choose(
    name: str,
    value: Any,
    *,
    reason: str,
    source: str,
    inputs: Mapping[str, Any] | None = None,
    alternatives: tuple[str, ...] = (),
) -> Choice:
    """Return a rule's choice for the setting ``name``; the rule is the function of that name.

    Args:
        name: Dotted name of the setting.
        value: What was chosen.
        reason: Why, in words with the figures that decided.
        source: A citation, or ``ours``.
        inputs: What the rule looked at.
        alternatives: What else was reasonable, each as ``value: why not``.
    """
    return Choice(
        name=name,
        value=value,
        set_by="rule",
        rule=rule_name(name),
        reason=reason,
        source=source,
        unit=get_setting(name).unit,
        inputs=dict(inputs or {}),
        alternatives=alternatives,
    )


def settle(given: GivenSettings, choice: Choice, asked: Asked | None = None) -> Choice:
    """Return the user's value, or else the recipe's, or else the rule's choice.

    The rule's value and reason stay beside another's.
    """
    value = given.find(choice.name)
    if value is not None:
        return replace(choice, value=value, set_by=given.origins[choice.name], rule_value=choice.value)
    if asked is None:
        return choice
    return replace(
        choice,
        value=asked.value,
        set_by="recipe",
        recipe=asked.recipe,
        reason=asked.reason,
        source=asked.source,
        rule_value=choice.value,
        rule_reason=choice.reason,
    )


def rule_name(name: str) -> str:
    """Return the name of a setting's rule: ``num_epochs`` for ``train.num_epochs``, else ``group_key``."""
    group, _, key = name.rpartition(".")
    if not group:
        return f"choose_{key}"
    return key if group == "train" else f"{group}_{key}"
