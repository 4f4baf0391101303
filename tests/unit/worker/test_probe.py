"""The probe measures the device that is asked for, and says what is there when it is not."""

import json

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


def test_without_a_wish_the_fastest_is_measured():
    assert probe().kind == find_fastest()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(MachineError) as caught:
        probe("cuda")
    assert caught.value.code == "device_missing"
    assert "sees: cpu" in caught.value.message
