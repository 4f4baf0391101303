from dataclasses import replace

import pytest

from aliquot.errors import MachineError
from aliquot.workflows import doctor as module
from aliquot.workflows.doctor import check_disk, check_packages, check_python, check_writable, doctor
from tests.fixtures.scripted import DEVICE, ScriptedTarget


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """The packages of a worker are installed, whatever this environment has."""
    monkeypatch.setattr(module, "_find_version", lambda name: "" if name == "absent" else "1.0")


def by_name(diagnosis):
    return {check.name: check for check in diagnosis.checks}


def test_a_machine_on_which_everything_is_well_is_fit(surround, monkeypatch):
    monkeypatch.setattr(module, "MIN_MEMORY_BYTES", 0)
    monkeypatch.setattr(module, "MIN_FREE_BYTES", 0)
    diagnosis = doctor(within=surround())
    assert diagnosis.is_fit, [check for check in diagnosis.checks if not check.is_ok]
    assert "100 GFLOP/s in float32" in by_name(diagnosis)["speed"].detail


def test_a_worker_that_cannot_start_is_a_fault_with_its_remedy(surround):
    broken = MachineError("torch does not load.", code="x", hint="Install it again.")
    diagnosis = doctor(within=surround(selftest=broken))
    assert not diagnosis.is_fit
    assert by_name(diagnosis)["worker"].remedy == "Install it again."
    assert by_name(diagnosis)["speed"].is_ok, "the other looks go on"


def test_without_the_packages_no_worker_is_started(surround, monkeypatch):
    monkeypatch.setattr(module, "_find_version", lambda name: "")
    target = ScriptedTarget()
    diagnosis = doctor(within=surround(target))
    assert not diagnosis.is_fit
    assert target.called == []


def test_missing_packages_are_named():
    assert check_packages(("present", "absent")).detail == "missing: absent"
    assert check_packages(("present",)).is_ok


def test_an_old_python_is_a_fault():
    assert not check_python((3, 10)).is_ok
    assert check_python((3, 14)).is_ok


def test_a_folder_that_is_a_file_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    assert not check_writable("cache", tmp_path / "file" / "deeper").is_ok
    assert check_writable("cache", tmp_path / "new").is_ok
    assert list((tmp_path / "new").iterdir()) == []


def test_a_full_disk_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MIN_FREE_BYTES", 2**80)
    check = check_disk("runs", tmp_path / "not" / "there")
    assert not check.is_ok and "Free some space" in check.remedy


def test_a_slow_machine_is_a_fault(surround, monkeypatch):
    monkeypatch.setattr(module, "SLOW_GFLOPS", 1e9)
    assert not module.check_speed(surround()).is_ok


def test_4_bit_weights_are_told_with_the_remedy_and_are_no_fault(surround, monkeypatch):
    check = module.check_four_bit(surround())
    assert check.is_ok and "pip install 'aliquot[qlora]'" in check.detail
    able = replace(DEVICE, runs_4_bit=True, versions={"bitsandbytes": "0.50.2"})
    monkeypatch.setattr(module, "probe", lambda within: able)
    assert (
        module.check_four_bit(surround()).detail
        == "bitsandbytes 0.50.2: a 4-bit layer runs on this cpu device"
    )
