"""The flat list of settings: complete, described, within its budgets."""

import pytest

from aliquot.config.schema import get_setting, list_settings

BUDGETS = {"train": 40, "predict": 20, "evaluate": 20}


def test_every_setting_has_help_and_a_level():
    for record in list_settings():
        assert record.help.endswith("."), record.name
        assert record.level in ("basic", "advanced"), record.name


@pytest.mark.parametrize(("group", "budget"), BUDGETS.items())
def test_a_group_stays_within_its_budget(group, budget):
    count = sum(record.name.startswith(f"{group}.") for record in list_settings())
    assert 0 < count <= budget


def test_a_name_ending_in_a_unit_carries_that_unit():
    assert get_setting("train.time_budget_s").unit == "s"
    for record in list_settings():
        if record.name.endswith("_steps"):
            assert record.unit == "steps", record.name


def test_ranges_are_told_in_words():
    assert get_setting("train.learning_rate").expected == "a number, above 0 and at most 1"
    assert get_setting("train.batch_size").expected == "a whole number of rows, at least 1 and at most 65,536"
    assert (
        get_setting("predict.models").expected
        == "a list, each one of base, base_few_shot, base_nearest, tuned"
    )


def test_an_unknown_name_raises():
    with pytest.raises(KeyError):
        get_setting("train.sed")
