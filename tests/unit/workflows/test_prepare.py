import pytest

from aliquot.errors import InputError, MachineError
from aliquot.workflows.device import MAX_AGE, find_device, probe
from aliquot.workflows.models import fetch_model, list_models, show_model
from aliquot.workflows.prepare import find_ready, list_ready_names, prepare
from tests.fixtures.scripted import DEVICE, ScriptedTarget


def test_a_base_is_prepared_once(surround):
    target = ScriptedTarget()
    first = prepare("smollm2-135m-instruct", surround(target))
    again = prepare("smollm2-135m-instruct", surround(target))
    assert target.called == ["prepare_model"]
    assert first == again
    assert (first.folder / "tokenizer.json").is_file()
    assert list_ready_names() == {"smollm2-135m-instruct"}


def test_a_hub_base_with_another_revision_is_another_base(surround):
    within = surround()
    prepare("qwen3-0.6b", within)
    assert find_ready("Qwen/Qwen3-0.6B") is not None
    assert find_ready("Qwen/Qwen3-0.6B@v2") is None


def test_an_unknown_name_starts_nothing(surround):
    target = ScriptedTarget()
    with pytest.raises(InputError):
        prepare("smollm2-135", surround(target))
    assert target.called == []


def test_the_machine_is_measured_again_after_an_hour(surround, clock):
    target = ScriptedTarget()
    probe(surround(target))
    clock.time += MAX_AGE
    probe(surround(target))
    assert target.called == ["probe", "probe"]


def test_the_machine_is_measured_once_per_start(surround, monkeypatch):
    target = ScriptedTarget()
    assert probe(surround(target)) == DEVICE
    assert probe(surround(target)) == DEVICE
    assert target.called == ["probe"]
    probe(surround(target), again=True)
    assert target.called == ["probe", "probe"]
    monkeypatch.setattr("aliquot.workflows.device.boot_id", lambda: "after a restart")
    assert find_device() is None


def test_a_device_that_was_asked_for_is_measured_and_remembered_by_itself(surround, places):
    target = ScriptedTarget()
    probe(surround(target))
    probe(surround(target), "cpu")
    probe(surround(target), "cpu")
    assert target.called == ["probe", "probe"]
    assert {path.name for path in (places / "home").glob("device*")} == {"device.json", "device-cpu.json"}
    assert find_device() == DEVICE


def test_a_damaged_memory_of_the_machine_is_measured_again(surround, places):
    target = ScriptedTarget()
    probe(surround(target))
    (places / "home" / "device.json").write_text("{")
    assert probe(surround(target)) == DEVICE
    assert target.called == ["probe", "probe"]


def test_an_error_of_the_probe_is_passed_on_and_not_remembered(surround):
    missing = MachineError("No torch.", code="worker_not_installed")
    with pytest.raises(MachineError):
        probe(surround(probe=missing))
    assert find_device() is None


def test_the_catalogue_tells_which_models_are_here(surround):
    fetch_model("smollm2-135m-instruct", within=surround())
    models = {one.name: one for one in list_models()}
    assert models["smollm2-135m-instruct"].is_here
    assert models["smollm2-135m-instruct"].size_bytes > 1000
    assert not models["smollm2-360m-instruct"].is_here
    assert models["llama-3.2-1b-instruct"].is_gated


def test_a_model_that_is_not_of_the_catalogue_is_listed_once_it_is_here(surround):
    fetch_model("someone/something", within=surround())
    assert [one.name for one in list_models()][-1] == "something"
    assert show_model("someone/something").prepared.revision == "0" * 40


def test_a_model_that_is_not_here_is_shown_without_fetching():
    details = show_model("someone/else")
    assert details.prepared is None and not details.summary.is_here
    assert show_model("qwen3-8b").summary.licence
