"""The recipes' own rules, by hand."""

from dataclasses import replace

import pytest

from aliquot.config.given import load_given
from aliquot.core.records import decode, encode
from aliquot.plan.recipe import Case, get_recipe
from aliquot.plan.recipe_table import OUR_NAME, compare_recipes
from aliquot.plan.resolve import resolve
from tests.unit.plan.made import TWO_CORES, architecture, model, report


def ask(name: str, num_rows: int, per_row: int = 60, base: str = "llama-3.1-8b-instruct"):
    case = Case(num_rows=num_rows, num_tokens=num_rows * per_row, architecture=architecture(base))
    return {key.removeprefix("train."): one.value for key, one in get_recipe(name).ask(case).items()}


def ask_of_size(num_parameters: int):
    sizes = replace(architecture("llama-3.1-8b-instruct"), num_parameters=num_parameters)
    asked = get_recipe("qlora-paper").ask(Case(num_rows=10_000, num_tokens=600_000, architecture=sizes))
    return asked["train.learning_rate"].value, asked["train.lora_dropout"].value


@pytest.mark.parametrize(
    ("num_rows", "epochs"),
    [(3, 25), (10, 10), (33, 3), (34, 3), (8_333, 3), (8_334, 2), (12_501, 1), (100_000, 1)],
)
def test_epochs_of_openais_notebook(num_rows, epochs):
    assert ask("openai-notebook", num_rows)["num_epochs"] == epochs


@pytest.mark.parametrize(("num_rows", "batch"), [(10, 1), (1_440, 3), (10_000, 20), (10**6, 256)])
def test_batches_of_openais_legacy_api(num_rows, batch):
    assert ask("openai-notebook", num_rows)["batch_size"] == batch


@pytest.mark.parametrize(("num_rows", "epochs"), [(50, 10), (1_000, 10), (3_008, 3), (6_748, 1), (90_000, 1)])
def test_epochs_of_openpipe(num_rows, epochs):
    assert ask("openpipe-2024", num_rows)["num_epochs"] == epochs


def test_openpipe_packs_only_above_a_hundred_thousand_tokens():
    assert ask("openpipe-2024", 1_000, per_row=100)["batch_size"] == 8
    # 8 sequences of 8,192 tokens hold 8 x 40 rows of 200 tokens
    assert ask("openpipe-2024", 1_000, per_row=200)["batch_size"] == 320
    # rows longer than a sequence: one each
    assert ask("openpipe-2024", 1_000, per_row=9_000)["batch_size"] == 8


def test_autotrain_packs_always_and_never_more_rows_than_there_are():
    assert ask("autotrain", 1_440, per_row=60)["batch_size"] == 8 * 17
    assert ask("autotrain", 50, per_row=60)["batch_size"] == 50


def test_lora_land_counts_passes_of_one_row():
    asked = ask("lora-land", 16_000)
    assert (asked["max_steps"], asked["batch_size"], asked["num_epochs"]) == (2_500, 16, 3)
    assert asked["target_modules"] == ("q_proj", "v_proj")


def test_qlora_takes_half_the_rate_and_less_dropout_for_large_models():
    assert ask("qlora-paper", 10_000)["learning_rate"] == 2e-4
    assert ask("qlora-paper", 10_000)["lora_dropout"] == 0.1
    assert ask_of_size(13_015_864_320) == (2e-4, 0.1), "the Llama that is called 13 billion"
    assert ask_of_size(32_528_943_616) == (1e-4, 0.05)
    assert ask("qlora-paper", 10_000)["num_epochs"] == 3  # 1,875 steps of 16 rows


def test_fused_projections_stand_for_queries_and_values():
    assert ask("trl-default", 100, base="phi-4-mini-instruct")["target_modules"] == ("qkv_proj",)


def test_warm_up_steps_become_a_share_of_the_run():
    warmup = get_recipe("openpipe-2024").ask_warmup(1_260)
    assert warmup is not None and warmup.value == 10 / 1_260
    short = get_recipe("crystal-text-llm").ask_warmup(40)
    assert short is not None and short.value == 1.0


def test_a_plan_says_how_many_updates_a_recipe_makes_and_ours_would():
    plan = resolve(load_given(None, {"recipe": "openpipe-2024"}), report(1440), model(), TWO_CORES).plan
    assert plan.recipe is not None
    assert (plan.recipe.num_steps, plan.recipe.rule_num_steps) == (7 * 180, 360)
    assert any("8-bit" in text for text in plan.recipe.not_followed)
    assert decode(encode(plan), type(plan), "plan").recipe == plan.recipe


def test_a_plan_without_a_recipe_follows_none():
    plan = resolve(load_given(None, {}), report(), model(), TWO_CORES).plan
    assert plan.recipe is None and plan.get("recipe") is None
    assert all(choice.origin in ("rule", "you") for choice in plan.choices)


def test_all_recipes_stand_in_one_table_with_ours_first():
    table = compare_recipes(load_given(None, {"recipe": "unsloth"}), report(1440), model(), TWO_CORES)
    assert [row.name for row in table.rows[:2]] == [OUR_NAME, "autotrain"]
    updates = {row.name: row.num_steps for row in table.rows}
    assert (updates[OUR_NAME], updates["openpipe-2024"], updates["unsloth"]) == (360, 1260, 60)
    assert all(row.by_recipe and row.source for row in table.rows[1:])


def test_a_recipe_that_cannot_be_followed_says_why_in_its_row():
    given = load_given(None, {"train.micro_batch_size": 2})  # more than crystal-text-llm's single row
    rows = {row.name: row for row in compare_recipes(given, report(), model(), TWO_CORES).rows}
    assert "2 rows per pass" in rows["crystal-text-llm"].obstacle
    assert not rows["openpipe-2024"].obstacle
