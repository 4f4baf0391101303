"""The settings of a run as rows: one truth for the page, the CSV and the LaTeX table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aliquot.core.plan import Choice
from aliquot.core.spec import Spec
from aliquot.export.wording import setting_text

GROUPS = {
    "base": "Base model",
    "recipe": "Recipe",
    "data": "Data",
    "train": "Training",
    "predict": "Prediction",
    "evaluate": "Evaluation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting: ``value`` as stored, ``text`` as people read it."""

    name: str
    short_name: str
    group: str
    value: Any
    text: str
    unit: str
    set_by: str
    rule: str
    reason: str
    source: str
    rule_text: str
    """What the rule would have chosen, where somebody chose otherwise."""
    alternatives: tuple[str, ...]


def list_settings(spec: Spec) -> list[SettingRow]:
    """Return every setting of a run in the order of its plan."""
    return [_row(choice) for choice in spec.plan.choices]


def group_settings(rows: list[SettingRow]) -> list[tuple[str, list[SettingRow]]]:
    """Return runs of settings under their group's title, order kept."""
    return [(title, list(part)) for title, part in groupby(rows, key=lambda row: row.group)]


def _row(choice: Choice) -> SettingRow:
    prefix, _, rest = choice.name.partition(".")
    overridden = choice.set_by != "rule" and choice.rule_value is not None
    return SettingRow(
        name=choice.name,
        short_name=rest or prefix,
        group=GROUPS.get(prefix, prefix.capitalize()),
        value=choice.value,
        text=setting_text(choice.value, choice.unit),
        unit=choice.unit,
        set_by=choice.origin,
        rule=choice.rule,
        reason=choice.reason,
        source=choice.source,
        rule_text=setting_text(choice.rule_value, choice.unit) if overridden else "",
        alternatives=choice.alternatives,
    )
