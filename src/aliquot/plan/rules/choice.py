"""How a rule says what it chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aliquot.config.given import GivenSettings
from aliquot.config.schema import get_setting
from aliquot.core.plan import Choice


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
        alternatives: What else was reasonable, and when.
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


def settle(given: GivenSettings, choice: Choice) -> Choice:
    """Return the rule's choice, or the user's value with the rule's reason and what it would have chosen."""
    value = given.find(choice.name)
    if value is None:
        return choice
    return replace(choice, value=value, set_by=given.origins[choice.name], rule_value=choice.value)


def rule_name(name: str) -> str:
    """Return the name of a setting's rule: ``num_epochs`` for ``train.num_epochs``, else ``group_key``."""
    group, _, key = name.rpartition(".")
    if not group:
        return f"choose_{key}"
    return key if group == "train" else f"{group}_{key}"
