"""What is trained: LoRA where 16 bits fit, 4-bit weights where only they do; refusals say what helps."""

from dataclasses import replace

import pytest

from aliquot.config.given import load_given
from aliquot.core.spec import StartingPoint
from aliquot.errors import MachineError
from aliquot.plan import rules
from aliquot.plan.resolve import resolve
from aliquot.plan.rough_cost import least_cost, rough_cost
from tests.unit.plan.made import H100, TWO_CORES, architecture, model, report

EIGHT = "llama-3.1-8b-instruct"
CARD_12 = replace(H100, name="a card of 12 GB", memory_bytes=12 * 10**9, runs_4_bit=True)
WITHOUT = replace(CARD_12, runs_4_bit=False, why_not_4_bit="bitsandbytes is not installed")
STEP = (120, 4)


def choose(name=EIGHT, device=CARD_12, start=None):
    nothing = load_given(None, {})
    return rules.method(
        least_cost(rough_cost(architecture(name), nothing, device, "lora"), nothing), STEP, start
    )


def planned(flags=None, name=EIGHT, device=CARD_12):
    return resolve(load_given(None, flags or {}), report(), model(name), device)


def refused(flags=None, name=EIGHT, device=CARD_12):
    with pytest.raises(MachineError) as caught:
        planned(flags, name, device)
    return caught.value


@pytest.mark.parametrize(
    ("name", "device", "method"),
    [
        (EIGHT, H100, "lora"),  # 16 GB of weights in 80
        (EIGHT, CARD_12, "qlora"),  # 16 GB in 12; 5.7 GB in 4 bits
        (EIGHT, WITHOUT, "lora"),
        (EIGHT, replace(CARD_12, memory_bytes=5 * 10**9), "lora"),  # not even in 4 bits
        (
            "smollm2-135m-instruct",
            replace(CARD_12, memory_bytes=15 * 10**8),
            "lora",
        ),  # too small to be rounded
    ],
)
def test_4_bit_weights_are_taken_where_only_they_fit(name, device, method):
    assert choose(name, device).value == method


def test_the_reason_has_the_figures():
    assert "LoRA needs about 17" in choose().reason and "more than 85% of 12.0 GB" in choose().reason
    assert "but bitsandbytes is not installed." in choose(device=WITHOUT).reason
    assert "would not fit either" in choose(device=replace(CARD_12, memory_bytes=5 * 10**9)).reason
    tiny = choose("smollm2-135m-instruct", replace(CARD_12, memory_bytes=15 * 10**8))
    assert "too small to be put into 4 bits" in tiny.reason


def test_an_adapter_stays_beside_the_weights_it_was_trained_beside():
    start = StartingPoint(
        name="earlier",
        sha256="",
        base=EIGHT,
        lora_rank=16,
        lora_alpha=32,
        target_modules=("q_proj",),
        method="qlora",
    )
    assert choose(device=H100, start=start).value == "qlora"
    assert choose(device=H100, start=replace(start, method="lora")).value == "lora"


def test_a_plan_takes_qlora_by_itself_with_the_settings_of_lora():
    chosen, lora = planned(), planned({"train.method": "lora"}, device=H100)
    assert chosen.training.method == "qlora" and chosen.training.is_4_bit and chosen.training.has_adapter
    assert chosen.training.learning_rate == lora.training.learning_rate
    assert (chosen.training.lora_rank, chosen.training.target_modules) == (16, lora.training.target_modules)
    assert chosen.plan.estimate.memory_bytes < 0.85 * CARD_12.memory_bytes
    assert chosen.training.sharding == "none"


def test_it_may_be_asked_for_on_a_cpu_and_a_tiny_base_is_warned_about():
    here = replace(TWO_CORES, runs_4_bit=True)
    asked = planned({"train.method": "qlora"}, "smollm2-135m-instruct", here)
    assert asked.training.method == "qlora"
    [warning] = [text for text in asked.plan.warnings if "4 bits" in text]
    assert "from 3.62 to 5.14 nats" in warning and "135 million" in warning
    assert not [text for text in planned().plan.warnings if "4 bits" in text], "8 billion bear it"


def test_where_4_bit_layers_do_not_run_it_is_refused_with_the_remedy():
    error = refused({"train.method": "qlora"}, device=WITHOUT)
    assert (error.code, error.location) == ("four_bit_missing", "train.method")
    assert "bitsandbytes is not installed" in error.message
    assert "pip install 'aliquot[qlora]'" in error.hint


def test_a_base_that_does_not_fit_is_refused_with_the_largest_that_does():
    error = refused(device=WITHOUT)
    assert error.code == "memory_too_small"
    assert "The largest base that fits here is qwen3-4b" in error.hint
    assert "In 4 bits this one would fit" in error.hint and "pip install 'aliquot[qlora]'" in error.hint
    small = refused(device=replace(CARD_12, memory_bytes=5 * 10**9))
    assert "In 4 bits" not in small.hint


def test_4_bit_weights_are_not_spread_over_devices():
    two = replace(CARD_12, num_devices=2)
    assert planned({"train.method": "qlora"}, device=two).training.sharding == "none"
    with pytest.raises(Exception, match="4-bit weights cannot be spread"):
        planned({"train.method": "qlora", "train.sharding": "full"}, device=two)
