import pytest

from aliquot.core.run import RunState
from aliquot.errors import RunError
from aliquot.workflows.resume import resume
from aliquot.workflows.watch import request
from tests.fixtures.scripted import Journal, dies, finishes, ignores_wishes


@pytest.fixture(autouse=True)
def prepared(monkeypatch, tmp_path):
    """The fixture run's base model lies in the cache."""
    monkeypatch.setattr("aliquot.workflows.follow.get_model_dir", lambda run_dir: tmp_path)


def test_an_interrupted_run_is_brought_to_its_end(fixture_run, surround):
    within = surround(finishes)
    result = resume(fixture_run.run_id, within=within)
    assert result.state is RunState.FINISHED
    assert result.evaluation.get_result("tuned").primary.value == 1.0
    assert len(within.target.started) == 1


def test_wishes_of_an_earlier_session_are_forgotten(fixture_run, surround):
    request(fixture_run, "stop")
    resume("last", within=surround(finishes))
    assert not (fixture_run.requests_dir / "stop").exists()


def test_a_run_at_work_is_followed_and_not_started_again(fixture_run, surround, told):
    within = surround(finishes)
    within.target.start(fixture_run, [])
    assert resume(fixture_run.path, within=within).state is RunState.FINISHED
    assert len(within.target.started) == 1
    assert "is at work" in told[0]


def test_a_finished_run_is_reported_again_without_a_worker(fixture_run, surround):
    within = surround(finishes)
    resume(fixture_run.run_id, within=within)
    fixture_run.report_path.unlink()
    resume(fixture_run.run_id, within=within)
    assert fixture_run.report_path.is_file()
    assert len(within.target.started) == 1


def test_a_cancelled_run_is_refused_with_the_command_for_a_new_one(fixture_run, surround):
    Journal(fixture_run).write("state", state="cancelled")
    with pytest.raises(RunError) as caught:
        resume(fixture_run.run_id, within=surround())
    assert caught.value.code == "cancelled"
    assert fixture_run.read_spec().command in caught.value.hint


def test_a_run_that_dies_again_says_so_again(fixture_run, surround):
    with pytest.raises(RunError) as caught:
        resume(fixture_run.run_id, within=surround(dies))
    assert caught.value.code == "worker_gone"
    assert resume(fixture_run.run_id, within=surround(finishes)).state is RunState.FINISHED


def test_nothing_hangs_when_the_worker_is_killed(fixture_run, surround, clock):
    clock.interrupts = [1, 2]
    with pytest.raises(RunError):
        resume(fixture_run.run_id, within=surround(ignores_wishes))
