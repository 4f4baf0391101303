"""``aliquot plan`` with recipes and machines, typed as a user would."""

import pytest

from aliquot.cli import render
from aliquot.cli.plan import read_prices
from aliquot.errors import InputError


@pytest.fixture(params=["80", "120"])
def width(request, monkeypatch):
    """A terminal of this many columns; the console is made anew, and once more after."""
    monkeypatch.setenv("COLUMNS", request.param)
    render.out.cache_clear()
    yield int(request.param)
    render.out.cache_clear()


def test_a_recipe_is_marked_and_compared_with_our_rules(aliquot, target, data):
    code, out, err = aliquot("plan", data, "--recipe", "openpipe-2024")
    assert code == 0, err
    assert "train.learning_rate  0.0002  recipe openpipe-2024" in out
    assert "Our rule would take 0.0005" in " ".join(out.split())
    assert "openpipe-2024 makes" in out and "our rules would make" in out
    assert "It trains on a base of 8-bit weights" in out


def test_a_recipe_stands_in_the_specification(aliquot, aliquot_json, target, data):
    code, run = aliquot_json("run", data, "--recipe", "unsloth", "--set", "num_resamples=200")
    assert code == 0
    _, shown = aliquot_json("runs", "show", run["run_id"])
    assert shown["spec"]["settings"]["recipe"] == "unsloth"
    assert shown["spec"]["plan"]["recipe"]["num_steps"] == shown["spec"]["training"]["num_steps"]


def test_recipes_stand_in_one_table_that_keeps_its_columns(aliquot, target, data, width):
    code, out, _ = aliquot("plan", data, "--recipes")
    assert code == 0
    lines = out.splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    (ours,) = (line for line in lines if line.startswith("our rules"))
    assert "5e-4" in ours and "16 / 32" in ours
    (notebook,) = (line for line in lines if line.startswith("openai-notebook  "))
    assert "5e-4*" in notebook, "what a recipe leaves open is marked"


def test_machines_stand_in_tables_that_keep_their_columns(aliquot, target, data, width):
    code, out, err = aliquot("plan", data, "--where", "--price", "a100=1.79")
    assert code == 0, err
    lines = out.splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    rows = [line for line in lines if line.startswith("mistral-7b-instruct-v0.3 gated")]
    assert len(rows) >= 3 and not any("…" in line for line in rows)
    assert all("LoRA" in row and " GB" in row for row in rows)
    assert "none of them measured" in out and "--price H100=1.79" in out


def test_one_base_beside_every_machine_with_its_cost(aliquot_json, target, data):
    words = ("plan", data, "--where", "--base", "qwen3-8b", "--price", "H100=2")
    code, document = aliquot_json(*words)
    assert code == 0
    assert {offer["base"] for offer in document["offers"]} == {"qwen3-8b"}
    costs = {offer["place"]: offer["usd"] for offer in document["offers"]}
    assert costs["H100"] > 0 and costs["A100"] is None


def test_a_base_of_unknown_size_is_not_guessed(aliquot_json, target, data):
    code, document = aliquot_json("plan", data, "--where", "--base", "some/model")
    assert (code, document["error"]["code"]) == (2, "unknown_sizes")


def test_two_tables_at_once_are_refused(aliquot_json, data):
    code, document = aliquot_json("plan", data, "--where", "--recipes")
    assert (code, document["error"]["code"]) == (2, "options_exclusive")


def test_prices_are_read_and_others_refused():
    assert read_prices(["A100=1.79", "here = 0.2"]) == {"A100": 1.79, "here": 0.2}
    for text in ("A100", "A100=cheap", "="):
        with pytest.raises(InputError) as caught:
            read_prices([text])
        assert caught.value.code == "price_invalid"
