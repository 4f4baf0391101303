"""The number of settings stays small, and each one is explained."""

from __future__ import annotations

import pytest

from aliquot.config.settings import Settings

BUDGETS = {"data": 22, "about": 10, "train": 40, "predict": 20, "evaluate": 20}


def _fields():
    for group, field in Settings.model_fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        for name, inner in (nested or {group: field}).items():
            yield (f"{group}.{name}" if nested else group), inner


@pytest.mark.parametrize("group", BUDGETS)
def test_a_group_has_no_more_settings_than_its_budget(group):
    assert len(Settings.model_fields[group].annotation.model_fields) <= BUDGETS[group]


def test_every_group_has_a_budget():
    assert {name for name in Settings.model_fields if name not in ("base", "recipe")} == set(BUDGETS)


def test_every_setting_is_automatic_and_carries_a_help_line_a_level_and_a_unit():
    for name, field in _fields():
        assert field.default is None, name
        assert field.description and field.description.endswith("."), name
        assert field.json_schema_extra["level"] in ("basic", "advanced"), name
        assert "unit" in field.json_schema_extra, name
