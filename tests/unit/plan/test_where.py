"""Which base on which machine: methods by hand, honest names, and properties of the estimates."""

from dataclasses import replace

import pytest

from aliquot.config.given import load_given
from aliquot.errors import InputError
from aliquot.plan.bases import list_bases
from aliquot.plan.machines import MACHINES, require_machine_names
from aliquot.plan.resolve import resolve
from aliquot.plan.where import Candidate, weigh_places
from tests.unit.plan.made import TWO_CORES, architecture, model, report, without_tokens

ALL = [Candidate(name=one.name, is_gated=one.is_gated, architecture=one.architecture) for one in list_bases()]


def weigh(flags=None, data=None, prices=None, candidates=ALL, device=TWO_CORES):
    return weigh_places(
        load_given(None, flags or {}),
        data or report(),
        device,
        candidates,
        chosen="smollm2-135m-instruct",
        prices=prices or {},
    )


def find(where, base, place):
    return next(offer for offer in where.offers if (offer.base, offer.place) == (base, place))


def test_every_base_stands_beside_every_machine():
    where = weigh()
    assert [place.name for place in where.places] == ["here", "T4", "A100", "H100", "M2-Ultra"]
    assert len(where.offers) == 5 * len(ALL)


@pytest.mark.parametrize(
    ("base", "place", "method"),
    [
        ("smollm2-135m-instruct", "here", "LoRA"),
        ("llama-3.1-8b-instruct", "here", "LoRA"),  # 16 GB of bfloat16 in 24
        ("llama-3.1-8b-instruct", "T4", "QLoRA"),
        ("llama-3.1-8b-instruct", "A100", "LoRA"),
        ("llama-3.1-8b-instruct", "M2-Ultra", "LoRA"),
    ],
)
def test_the_method_that_fits(base, place, method):
    assert find(weigh(), base, place).method == method


def test_full_fine_tuning_is_weighed_as_what_it_is():
    where = weigh({"train.method": "full"})
    small, large = (find(where, name, "T4") for name in ("smollm2-135m-instruct", "llama-3.1-8b-instruct"))
    assert (small.method, small.precision) == ("full", "float32")
    assert (large.method, large.obstacle) == ("", "memory")
    assert large.needed_bytes > 16 * 8e9


def test_inner_values_are_computed_again_before_a_machine_is_called_too_small():
    data = report(length=8_000)
    offer = find(weigh(data=data), "llama-3.1-8b-instruct", "A100")
    kept = find(weigh({"train.activation_checkpointing": False}, data), "llama-3.1-8b-instruct", "A100")
    assert offer.method == "LoRA"
    assert kept.needed_bytes > offer.needed_bytes


def test_a_machine_that_runs_4_bit_layers_here_is_weighed_like_the_others():
    here = replace(TWO_CORES, memory_bytes=12 * 10**9, runs_4_bit=True)
    without = replace(here, runs_4_bit=False, why_not_4_bit="bitsandbytes is not installed")
    asked = {"train.method": "qlora"}
    assert find(weigh(device=here), "llama-3.1-8b-instruct", "here").method == "QLoRA"
    assert find(weigh(device=without), "llama-3.1-8b-instruct", "here").obstacle == "memory"
    assert find(weigh(asked, device=here), "smollm2-135m-instruct", "here").method == "QLoRA"
    assert find(weigh(asked, device=without), "smollm2-135m-instruct", "here").obstacle == "4-bit weights"
    assert find(weigh(asked), "smollm2-135m-instruct", "M2-Ultra").obstacle == "4-bit weights"


def test_what_is_offered_is_what_a_plan_says():
    data, card = report(), next(one for one in MACHINES if one.name == "T4").device
    offer = find(weigh(data=data), "llama-3.1-8b-instruct", "T4")
    estimate = resolve(load_given(None, {}), data, model("llama-3.1-8b-instruct"), card).plan.estimate
    assert (offer.needed_bytes, offer.train_s) == (estimate.memory_bytes, estimate.train_s)


def test_several_devices_here_are_no_wish_for_machines_elsewhere():
    assert find(weigh({"train.num_devices": 2}), "qwen3-8b", "A100").method == "LoRA"


def test_no_4_bit_where_its_kernels_do_not_run():
    huge = replace(architecture("llama-3.1-8b-instruct"), num_parameters=70 * 10**9)
    where = weigh(candidates=[Candidate(name="huge", is_gated=False, architecture=huge)])
    mac, card = find(where, "huge", "M2-Ultra"), find(where, "huge", "A100")
    assert (mac.method, mac.obstacle, mac.train_s) == ("", "memory", None)
    assert mac.needed_bytes > 192e9
    assert card.method == "QLoRA" and card.needed_bytes < 0.85 * 80e9


def test_this_machine_gets_the_times_of_its_plan():
    estimate = resolve(load_given(None, {}), report(), model(), TWO_CORES).plan.estimate
    offer = find(weigh(), "smollm2-135m-instruct", "here")
    assert (offer.train_s, offer.predict_s) == (estimate.train_s, estimate.predict_s)
    assert offer.needed_bytes == estimate.memory_bytes


def test_cost_is_hours_times_the_price_and_nothing_without_one():
    where = weigh(prices={"A100": 2.0})
    offer = find(where, "qwen3-8b", "A100")
    assert offer.usd == pytest.approx(2.0 * (offer.train_s + offer.predict_s) / 3600)
    assert find(where, "qwen3-8b", "H100").usd is None


def test_rows_longer_than_the_window_fit_no_machine():
    where = weigh(data=report(length=9_000))
    assert {offer.obstacle for offer in where.offers if offer.base.startswith("smollm2")} == {"window"}


def test_a_guess_of_lengths_is_called_one():
    assert weigh(data=without_tokens(report())).assumptions[0].startswith("Lengths are guessed")
    assert "guessed" not in weigh().assumptions[0]


def test_settings_count_everywhere_and_a_device_is_meant_for_here():
    one = weigh({"train.num_epochs": 1, "train.batch_size": 8, "train.device": "cpu"})
    four = weigh({"train.num_epochs": 4, "train.batch_size": 8})
    for place in ("here", "A100", "M2-Ultra"):
        less, more = (find(where, "qwen3-4b", place) for where in (one, four))
        assert less.train_s < more.train_s


def test_a_faster_machine_never_takes_longer():
    where = weigh(data=report(length=500))
    for base in ALL:
        slow, fast = (find(where, base.name, place).train_s for place in ("A100", "H100"))
        assert fast <= slow


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_machine_cites_its_figures(machine):
    assert "20" in machine.source
    assert machine.device.memory_bytes == machine.memory_gb * 1e9
    assert max(machine.device.gflops.values()) < 1e3 * max(machine.peak_tflops.values())


def test_prices_are_for_known_machines_in_any_case():
    assert require_machine_names({"a100": 1.79, "m2-ultra": 1, "HERE": 0.1}) == {
        "A100": 1.79,
        "M2-Ultra": 1,
        "here": 0.1,
    }


@pytest.mark.parametrize(
    ("prices", "code", "hint"),
    [
        ({"A10": 1.0}, "unknown_machine", "'A100'"),
        ({"x": 1.0}, "unknown_machine", "H100"),
        ({"A100": 0.0}, "price_invalid", "--price A100=1.79"),
        ({"A100": float("nan")}, "price_invalid", "A100"),
    ],
)
def test_other_prices_are_refused(prices, code, hint):
    with pytest.raises(InputError) as caught:
        require_machine_names(prices)
    assert caught.value.code == code and hint in caught.value.hint
