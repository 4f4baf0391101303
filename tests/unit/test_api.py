import importlib
import inspect

import pytest

import aliquot
from aliquot.cli.app import VERBS
from aliquot.core.dataset import DataReport
from tests.fixtures.reviews import write_reviews


def test_the_api_has_the_verbs_of_the_command_line():
    assert {*aliquot.__all__} == {*VERBS, "__version__"} - {"version"}
    assert aliquot.__all__ == sorted(aliquot.__all__)
    assert dir(aliquot) == aliquot.__all__


@pytest.mark.parametrize(
    "name", [name for name in aliquot.__all__ if name not in ("__version__", "data", "runs", "models")]
)
def test_every_verb_is_documented_and_can_be_called(name):
    verb = getattr(aliquot, name)
    assert callable(verb)


@pytest.mark.parametrize("group", ["data", "runs", "models"])
def test_the_groups_have_the_words_of_the_command_line(group):
    module = importlib.import_module(f"aliquot.cli.{group}")
    words = {command.name or command.callback.__name__ for command in module.app.registered_commands}
    assert set(aliquot._GROUPS[group]) == words
    assert all(callable(getattr(getattr(aliquot, group), word)) for word in words)


def test_a_package_called_like_a_verb_does_not_hide_the_verb():
    package = importlib.import_module("aliquot.plan")
    importlib.import_module("aliquot.plan.bases")
    assert callable(aliquot.plan)
    assert aliquot.plan is package, "import statements keep finding the package"
    with pytest.raises(aliquot.errors.InputError):
        aliquot.plan("nothing.jsonl")


def test_a_package_called_like_a_group_has_its_verbs():
    package = importlib.import_module("aliquot.data")
    assert aliquot.data is package, "import statements keep finding the package"
    with pytest.raises(aliquot.errors.InputError):
        aliquot.data.show("nothing.jsonl")
    with pytest.raises(AttributeError, match="no attribute 'shwo'"):
        _ = aliquot.data.shwo


def test_a_module_called_like_a_verb_of_a_group_does_not_hide_the_verb(monkeypatch):
    monkeypatch.setitem(aliquot._GROUPS["data"], "split", "show_data:show_data")
    package, module = importlib.import_module("aliquot.data"), importlib.import_module("aliquot.data.split")
    monkeypatch.setattr(package, "split", module)
    monkeypatch.setattr(module, "__class__", type(module))  # given back at the end
    with pytest.raises(aliquot.errors.InputError):
        aliquot.data.split("nothing.jsonl")


def test_a_verb_returns_the_record_that_the_command_line_prints(tmp_path):
    report = aliquot.check(write_reviews(tmp_path / "rows.jsonl"), test_fraction=0.5)
    assert isinstance(report, DataReport)
    assert "<table>" in report._repr_html_()


def test_an_unknown_name_is_answered_with_the_verbs():
    with pytest.raises(AttributeError, match="its verbs are bench, cancel, chat"):
        _ = aliquot.fine_tune


def test_settings_are_keywords_of_the_verbs():
    for name in ("check", "run", "train"):
        parameters = inspect.signature(getattr(aliquot, name)).parameters
        assert parameters["settings"].kind is inspect.Parameter.VAR_KEYWORD
