"""J1: killed with SIGKILL at any point and resumed equals never interrupted, to the last bit.

The worker runs in a forked child that kills itself at its N-th rename or flush to disk: before it, so
that the file is not there yet. Every publication (events, checkpoints, predictions, adapter) is covered.
"""

import itertools
import os
import signal

import pytest

from aliquot.core.records import sha256_file
from aliquot.core.run import RunState, list_steps
from aliquot.worker import run as program
from tests.fixtures.tiny_run import make_tiny_run

pytestmark = pytest.mark.reliability

CHANGES = {"num_steps": 20, "checkpoint_interval_steps": 4, "validation_interval_steps": 5}


def _work_in_child(run_dir, prepared_dir, *, call=None, number=0):
    """Run the worker in a fork, killed at the ``number``-th call of ``os.<call>``; say whether it ended."""
    child = os.fork()
    if child == 0:
        if call:
            real, count = getattr(os, call), itertools.count(1)

            def deadly(*arguments):
                if next(count) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments)

            setattr(os, call, deadly)
        try:
            program.main([str(run_dir.path), "--model-dir", str(prepared_dir)])
        except BaseException:  # noqa: BLE001 - the child must never return into pytest
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def _outcome(run_dir):
    losses = [(event.data["step"], event.data["loss"]) for event in list_steps(run_dir.read_events())]
    answers = [run_dir.predictions_path(m, "test").read_bytes() for m in ("base", "base_few_shot", "tuned")]
    return sha256_file(run_dir.adapter_dir / "adapter_model.safetensors"), losses, answers


@pytest.fixture(scope="module")
def whole(prepared_dir, tmp_path_factory):
    run_dir = make_tiny_run(tmp_path_factory.mktemp("whole") / "run", prepared_dir, **CHANGES)
    assert _work_in_child(run_dir, prepared_dir)
    return _outcome(run_dir)


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("number", [1, 2, 4, 7, 9, 11, 14, 17])
def test_killed_and_resumed_equals_never_interrupted(tmp_path, prepared_dir, whole, call, number):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    is_whole = _work_in_child(run_dir, prepared_dir, call=call, number=number)
    assert not is_whole or number > 9, "the kill point was never reached"
    assert _work_in_child(run_dir, prepared_dir)
    assert run_dir.state() is RunState.FINISHED
    assert _outcome(run_dir) == whole


@pytest.mark.nightly
def test_every_kill_point(tmp_path, prepared_dir, whole):
    for call in ("replace", "fsync"):
        for number in itertools.count(1):
            run_dir = make_tiny_run(tmp_path / f"{call}-{number}", prepared_dir, **CHANGES)
            if _work_in_child(run_dir, prepared_dir, call=call, number=number):
                break
            assert _work_in_child(run_dir, prepared_dir)
            assert _outcome(run_dir) == whole


def test_killed_again_and_again(tmp_path, prepared_dir, whole):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **CHANGES)
    while not _work_in_child(run_dir, prepared_dir, call="fsync", number=9):
        pass
    assert _outcome(run_dir) == whole
