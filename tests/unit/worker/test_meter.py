import pytest

from aliquot.worker.journal import RunJournal
from aliquot.worker.meter import Meter
from tests.fixtures.tiny_run import make_tiny_run


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


def test_a_step_is_not_charged_for_the_answers_and_validations_before_it(powercap, tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir)
    used_uj = 1_000_000
    with RunJournal(run_dir, meter=Meter("cpu", powercap)) as journal:
        for kind, microjoules in (("progress", 5_000_000), ("step", 250_000), ("validation", 3_000_000)):
            used_uj += microjoules
            set_energy(powercap, "intel-rapl:0", used_uj)
            journal.write(kind, num_tokens=1, trained_tokens=1)
        set_energy(powercap, "intel-rapl:0", used_uj + 125_000)
        journal.write("step", num_tokens=1, trained_tokens=1)
    steps = [event.data["energy_j"] for event in run_dir.read_events() if event.kind == "step"]
    assert steps == [0.25, 0.125]
