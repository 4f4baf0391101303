import shlex

from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.schema import list_settings
from aliquot.workflows.setting_names import command_line, flag_name, full_name, full_names, list_flags


def test_a_short_name_means_the_basic_setting_of_that_name():
    assert full_name("seed") == "train.seed"
    assert full_name("batch_size") == "train.batch_size"


def test_a_short_name_that_only_one_setting_has_means_that_one():
    assert full_name("lora_alpha") == "train.lora_alpha"
    assert full_name("base") == "base"


def test_an_unknown_name_stays_as_it_is_to_be_refused_by_name():
    assert full_name("lora_alfa") == "lora_alfa"


def test_every_full_name_means_itself():
    assert all(full_name(setting.name) == setting.name for setting in list_settings())


def test_no_two_flags_are_the_same():
    flags = list(list_flags().values())
    assert len(set(flags)) == len(flags)
    assert flag_name("train.time_budget_s") == "--time-budget"


def test_automatic_settings_are_left_out():
    assert full_names({"seed": 1, "num_epochs": None}) == {"train.seed": 1}


@given(st.text(min_size=1))
def test_the_command_line_reads_back_whatever_the_file_is_called(name):
    line = command_line("run", [name], {"train.num_epochs": 2, "train.target_modules": ["a", "b"]})
    words = shlex.split(line)
    assert words[:3] == ["aliquot", "run", name]
    assert words[3:] == ["--num-epochs", "2", "--set", "train.target_modules=a,b"]


def test_a_duration_is_typed_with_its_unit():
    assert command_line("run", ["x"], {"train.time_budget_s": 90.0}) == "aliquot run x --time-budget 90s"
