import pytest

from aliquot.core.run import RunState
from aliquot.errors import Interrupted, RunError
from aliquot.workflows.progress import RunProgress
from aliquot.workflows.watch import RENEW_S, find_end, request, watch
from tests.fixtures.scripted import (
    Journal,
    ScriptedTarget,
    dies,
    fails,
    finishes,
    ignores_wishes,
    stops_when_asked,
)


def follow(run_dir, within, renew=lambda run_dir: None):
    within.target.start(run_dir, [])
    watch(run_dir, within, renew=renew)


def test_a_run_that_finishes_is_followed_to_its_end(fixture_run, surround, told):
    follow(fixture_run, surround(finishes))
    steps = [one.step for one in told if isinstance(one, RunProgress)]
    assert steps[0] == 7, "where the interrupted run stood"
    assert steps[-1] == fixture_run.read_spec().training.num_steps
    assert set(range(1, steps[-1] + 1)) <= set(steps)
    assert told[-1].state is RunState.FINISHED


def test_a_dead_worker_is_told_with_its_last_lines(fixture_run, surround):
    with pytest.raises(RunError) as caught:
        follow(fixture_run, surround(dies))
    assert caught.value.code == "worker_gone"
    assert "| out of memory, I suppose" in caught.value.message
    assert caught.value.location.endswith("worker.log")


def test_a_failure_is_told_with_its_code_and_remedy(fixture_run, surround):
    with pytest.raises(RunError, match="Loss became nan") as caught:
        follow(fixture_run, surround(fails))
    assert caught.value.code == "loss_not_finite"
    assert caught.value.hint.startswith("Lower it. Then `aliquot resume")


def test_ctrl_c_asks_the_worker_to_stop_and_waits_for_its_checkpoint(fixture_run, surround, clock):
    clock.interrupts = [3]
    within = surround(stops_when_asked)
    with pytest.raises(Interrupted) as caught:
        follow(fixture_run, within)
    assert caught.value.code == "stopped"
    assert "until step" in caught.value.message
    assert f"aliquot resume {fixture_run.path}`" in caught.value.hint
    assert not within.target.was_killed


def test_a_second_ctrl_c_kills(fixture_run, surround, clock):
    clock.interrupts = [2, 4]
    within = surround(ignores_wishes)
    with pytest.raises(RunError):
        follow(fixture_run, within)
    assert within.target.was_killed


def test_a_ctrl_c_while_the_report_is_renewed_counts_too(fixture_run, surround):
    def interrupted_once(run_dir, seen=[]):  # noqa: B006
        if not seen:
            seen.append(1)
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        follow(fixture_run, surround(stops_when_asked), renew=interrupted_once)


def test_the_report_is_renewed_no_more_often_than_its_cost_allows(fixture_run, surround, monkeypatch):
    times = iter(range(0, 10_000))
    monkeypatch.setattr("aliquot.workflows.watch.time.monotonic", lambda: next(times) / 10)
    renewed = []
    follow(fixture_run, surround(finishes), renew=renewed.append)
    assert 1 <= len(renewed) < fixture_run.read_spec().training.num_steps
    assert RENEW_S >= 2


def test_a_state_that_needs_no_error_gives_none(fixture_run):
    assert find_end(fixture_run, is_alive=True) is None
    Journal(fixture_run).write("state", state="finished")
    assert find_end(fixture_run, is_alive=False) is None


def test_a_cancelled_run_is_told(fixture_run):
    Journal(fixture_run).write("state", state="cancelled")
    assert find_end(fixture_run, is_alive=False).code == "cancelled"


def test_a_worker_that_printed_nothing_is_told_so(fixture_run):
    assert "printed nothing" in find_end(fixture_run, is_alive=False).message


def test_a_wish_is_an_empty_file(fixture_run):
    request(fixture_run, "checkpoint")
    assert (fixture_run.requests_dir / "checkpoint").read_bytes() == b""


def test_the_scripted_target_refuses_a_second_worker(fixture_run):
    target = ScriptedTarget(ignores_wishes)
    target.start(fixture_run, [])
    with pytest.raises(RunError):
        target.start(fixture_run, [])
