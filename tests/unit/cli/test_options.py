import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.cli.options import as_seconds, as_value, read_assignments
from aliquot.config.given import load_given
from aliquot.config.schema import get_setting, list_settings
from aliquot.errors import InputError
from aliquot.workflows.setting_names import list_flags


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("0.5h", 1800), ("2 min", 120)],
)
def test_durations_are_read_with_their_units(text, seconds):
    assert as_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "5x", "five", "-5m", "5m later", "1..5"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError):
        as_seconds(text)


@given(st.integers(0, 100), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, seconds):
    assert as_seconds(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("train.num_epochs", "3", 3),
        ("train.learning_rate", "1e-4", 1e-4),
        ("train.time_budget_s", "2m", 120.0),
        ("train.target_modules", "q_proj, v_proj", ["q_proj", "v_proj"]),
        ("predict.models", "[]", []),
        ("data.without_test", "yes", True),
        ("data.without_test", "False", False),
        ("train.device", "cpu", "cpu"),
    ],
)
def test_a_text_becomes_a_value_of_the_setting_s_type(name, text, value):
    found = as_value(get_setting(name), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "name", ["train.num_epochs", "train.learning_rate", "train.time_budget_s", "data.without_test"]
)
def test_a_text_that_means_nothing_is_refused_by_the_settings(name):
    assert as_value(get_setting(name), "abc") == "abc"
    with pytest.raises(InputError, match="abc"):
        load_given(None, {name: "abc"})


def test_assignments_take_short_and_full_names():
    assert read_assignments(["lora_alpha=64", "predict.batch_size=2"]) == {
        "train.lora_alpha": 64,
        "predict.batch_size": 2,
    }


def test_an_unknown_name_is_left_for_the_settings_to_refuse():
    assert read_assignments(["lora_alfa=64"]) == {"lora_alfa": "64"}


def test_an_assignment_without_an_equals_sign_is_refused():
    with pytest.raises(InputError, match="equals sign"):
        read_assignments(["train.lora_alpha"])


def test_every_basic_setting_has_a_flag(aliquot):
    _, out, _ = aliquot("run", "--help")
    assert all(f"{flag} " in out for flag in list_flags().values())
    assert len(list_flags()) == sum(setting.level == "basic" for setting in list_settings())


def test_the_base_is_no_assignment():
    with pytest.raises(InputError, match="option of its own") as caught:
        read_assignments(["base=smollm2-135m-instruct"])
    assert "--base smollm2-135m-instruct" in caught.value.hint
