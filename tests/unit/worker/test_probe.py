"""The probe measures the device that is asked for, and says what is there when it is not."""

import json
from importlib.util import find_spec

import pytest
import torch

from aliquot.errors import MachineError
from aliquot.worker import probe as module
from aliquot.worker.probe import find_fastest, main, probe


@pytest.fixture(autouse=True)
def in_a_blink(monkeypatch):
    monkeypatch.setattr(module, "_MEASURE_S", 0.01)


def test_a_cpu_is_measured_when_it_is_asked_for(capfdbinary):
    main(["cpu"])
    device = json.loads(capfdbinary.readouterr().out)
    assert device["kind"] == "cpu"
    assert all(speed > 0 for speed in device["gflops"].values())


def test_4_bit_layers_are_tried_and_the_answer_is_told_either_way():
    device = probe("cpu")
    has_package = find_spec("bitsandbytes") is not None
    assert device.runs_4_bit is has_package
    assert device.why_not_4_bit == ("" if has_package else "bitsandbytes is not installed")
    assert ("bitsandbytes" in device.versions) is has_package


def test_without_a_wish_the_fastest_is_measured():
    assert probe().kind == find_fastest()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(MachineError) as caught:
        probe("cuda")
    assert caught.value.code == "device_missing"
    assert "sees: cpu" in caught.value.message
