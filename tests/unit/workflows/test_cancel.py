import pytest

from aliquot.core.run import RunState
from aliquot.errors import RunError
from aliquot.workflows.cancel import PATIENCE_S, cancel
from tests.fixtures.scripted import Journal, ignores_wishes, stops_when_asked


@pytest.fixture(autouse=True)
def prepared(monkeypatch, tmp_path):
    """The fixture run's base model lies in the cache."""
    monkeypatch.setattr("aliquot.workflows.follow.get_model_dir", lambda run_dir: tmp_path)


def test_a_run_at_work_ends_for_good(fixture_run, surround):
    within = surround(stops_when_asked)
    within.target.start(fixture_run, [])
    assert cancel(fixture_run.run_id, within=within).state is RunState.CANCELLED
    assert len(within.target.started) == 1


def test_a_run_without_a_worker_gets_one_to_write_the_state(fixture_run, surround):
    within = surround(stops_when_asked)
    assert cancel(fixture_run.run_id, within=within).state is RunState.CANCELLED
    assert len(within.target.started) == 1


def test_stopping_leaves_it_resumable(fixture_run, surround):
    within = surround(stops_when_asked)
    within.target.start(fixture_run, [])
    assert cancel(fixture_run.run_id, stop=True, within=within).state is RunState.STOPPED


@pytest.mark.parametrize("state", ["finished", "cancelled"])
def test_a_run_that_has_ended_is_refused(fixture_run, surround, state):
    Journal(fixture_run).write("state", state=state)
    with pytest.raises(RunError) as caught:
        cancel(fixture_run.run_id, within=surround())
    assert caught.value.code == "run_has_ended"


def test_stopping_a_run_that_is_not_at_work_is_refused(fixture_run, surround):
    with pytest.raises(RunError, match="not at work"):
        cancel(fixture_run.run_id, stop=True, within=surround())


def test_a_worker_that_does_not_answer_is_killed(fixture_run, surround, clock):
    within = surround(ignores_wishes)
    within.target.start(fixture_run, [])
    began = clock.time
    cancel(fixture_run.run_id, stop=True, within=within)
    assert within.target.was_killed
    assert (clock.time - began).total_seconds() > PATIENCE_S["stop"]


def test_a_cancelled_worker_that_does_not_answer_is_killed_and_another_writes_the_state(
    fixture_run, surround, clock
):
    def ignores_then_obeys(run_dir, argv):
        is_first = len(within.target.started) == 1
        yield from (ignores_wishes if is_first else stops_when_asked)(run_dir, argv)

    within = surround(ignores_then_obeys)
    within.target.start(fixture_run, [])
    began = clock.time
    assert cancel(fixture_run.run_id, within=within).state is RunState.CANCELLED
    assert within.target.was_killed
    assert (clock.time - began).total_seconds() < 15
