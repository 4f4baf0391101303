import pytest

from aliquot.worker.meter import Meter


@pytest.fixture
def powercap(tmp_path):
    """Two packages, the first with a part of its own."""
    for name, energy in (("intel-rapl:0", 1_000_000), ("intel-rapl:0:0", 7), ("intel-rapl:1", 9_000_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{energy}\n")
        (tmp_path / name / "max_energy_range_uj").write_text("10000000\n")
    return tmp_path


def set_energy(powercap, package, microjoules):
    (powercap / package / "energy_uj").write_text(str(microjoules))


def test_energy_is_what_the_packages_used_since_it_was_asked(powercap):
    meter = Meter("cpu", powercap)
    set_energy(powercap, "intel-rapl:0", 3_500_000)
    assert meter.take_energy_j() == 2.5
    assert meter.take_energy_j() == 0.0
    assert meter.energy_sources == ("2 processor package(s), RAPL",)


def test_a_counter_that_starts_over_is_followed(powercap):
    meter = Meter("cpu", powercap)
    set_energy(powercap, "intel-rapl:1", 500_000)
    assert meter.take_energy_j() == 1.5


def test_energy_that_cannot_be_read_is_absent_not_zero(tmp_path):
    meter = Meter("cpu", tmp_path)
    assert meter.take_energy_j() is None
    assert meter.energy_sources == ()


def test_memory_is_that_of_this_process(tmp_path):
    assert 10_000_000 < Meter("cpu", tmp_path).memory_bytes() < 100_000_000_000
