"""Every recipe in the folder: it says what it is and where it is from, and its values are allowed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.given import load_given
from aliquot.config.settings import Settings
from aliquot.errors import InputError
from aliquot.plan.recipe import RECIPES_PACKAGE, Case, Recipe, get_recipe, list_recipes
from aliquot.plan.resolve import resolve
from aliquot.plugins import list_extensions
from tests.unit.plan.made import H100, TWO_CORES, architecture, model, report

NAMES = list_extensions(RECIPES_PACKAGE)
BASES = ("smollm2-135m-instruct", "llama-3.1-8b-instruct", "phi-4-mini-instruct", "gemma-3-1b-it")
CASES = st.builds(
    lambda rows, per_row, base: Case(
        num_rows=rows, num_tokens=rows * per_row, architecture=architecture(base)
    ),
    st.integers(1, 300_000),
    st.integers(3, 20_000),
    st.sampled_from(BASES),
)


def test_the_named_recipes_are_there():
    assert set(NAMES) >= {
        "openai-notebook",
        "openpipe-2024",
        "lora-land",
        "qlora-paper",
        "crystal-text-llm",
        "autotrain",
        "unsloth",
        "trl-default",
    }
    assert [recipe.name for recipe in list_recipes()] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_what_it_is_and_where_it_is_published(name):
    recipe = get_recipe(name)
    assert isinstance(recipe, Recipe)
    assert recipe.name == name and recipe.title
    assert re.search(r"arXiv \d{4}\.\d{5}|doi|@[0-9a-f]{7}|\(software", recipe.source)
    assert recipe.leaves_open.endswith(".")
    assert all(text.endswith(".") for text in recipe.not_followed)


@pytest.mark.parametrize("name", NAMES)
@given(case=CASES)
def test_a_recipe_asks_only_for_allowed_values_each_with_a_reason(name, case):
    recipe = get_recipe(name)
    asked = recipe.ask(case)
    tree = {key.removeprefix("train."): one.value for key, one in asked.items()}
    lists = {key: list(value) if isinstance(value, tuple) else value for key, value in tree.items()}
    Settings.model_validate({"train": lists})
    for one in asked.values():
        assert one.reason.endswith(".") and (one.recipe, one.source) == (name, recipe.source)
    warmup = recipe.ask_warmup(max(1, case.num_rows // 7))
    assert warmup is None or 0 <= warmup.value <= 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("device", [TWO_CORES, H100], ids=["cpu", "gpu"])
@pytest.mark.parametrize("num_rows", [5, 1600, 30_000])
def test_a_plan_follows_the_recipe_and_keeps_our_values_beside_its_own(name, device, num_rows):
    data = report(num_train=num_rows)
    plan = resolve(load_given(None, {"recipe": name}), data, model(), device).plan
    ours = resolve(load_given(None, {}), data, model(), device)
    followed = [choice for choice in plan.choices if choice.recipe]
    assert followed and all(choice.set_by == "recipe" for choice in followed)
    assert plan.recipe is not None and plan.recipe.rule_num_steps == ours.training.num_steps
    for choice in followed:
        assert choice.rule_value == ours.plan.get(choice.name)
        assert choice.rule_reason and choice.origin == f"recipe {name}"


@pytest.mark.parametrize("name", NAMES)
def test_what_the_user_gave_wins_over_the_recipe(name):
    given_settings = load_given(None, {"recipe": name, "train.num_epochs": 2, "train.learning_rate": 3e-4})
    plan = resolve(given_settings, report(), model(), TWO_CORES).plan
    by = {choice.name: choice.set_by for choice in plan.choices}
    assert (by["train.num_epochs"], by["train.learning_rate"], by["recipe"]) == ("you", "you", "you")
    assert plan.get("train.num_epochs") == 2


def test_a_misspelt_recipe_is_answered_with_the_right_name():
    with pytest.raises(InputError) as caught:
        resolve(load_given(None, {"recipe": "openpipe"}), report(), model(), TWO_CORES)
    assert caught.value.code == "unknown_recipe"
    assert "openpipe-2024" in caught.value.hint
