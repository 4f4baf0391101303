"""Several processes train one run: the gradient of one process, equal bits on resume, nobody left behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch
from safetensors.torch import load_file

from aliquot.core.files import write_file
from aliquot.core.run import RunState, list_steps
from aliquot.errors import MachineError
from tests.fixtures.preferences import make_tiny_preference_run
from tests.fixtures.tiny_run import make_tiny_run
from tests.fixtures.training import training_spec

CHANGES = {"num_steps": 8, "checkpoint_interval_steps": 3, "lora_dropout": 0.0, "micro_batch_size": 2}


def work(run_dir, prepared_dir):
    command = [
        sys.executable,
        "-m",
        "aliquot.worker.run",
        str(run_dir.path),
        "--model-dir",
        str(prepared_dir),
    ]
    with (run_dir.path / "errors.txt").open("wb") as errors:
        return subprocess.Popen([*command, "--stages", "train"], stderr=errors)


def train(path, prepared_dir, make=make_tiny_run, **changes):
    run_dir = make(path, prepared_dir, **{**CHANGES, **changes})
    assert work(run_dir, prepared_dir).wait(120) == 0, (run_dir.path / "errors.txt").read_text()
    return run_dir


def weights(run_dir):
    return load_file(run_dir.adapter_dir / "adapter_model.safetensors")


def losses(run_dir):
    return [event.data["loss"] for event in list_steps(run_dir.read_events())]


def distance(first, second):
    parts = [(first[name] - second[name]).norm() / second[name].norm() for name in second]
    return max(float(part) for part in parts)


@pytest.fixture(scope="module")
def alone(prepared_dir, tmp_path_factory):
    return train(tmp_path_factory.mktemp("alone") / "run", prepared_dir)


@pytest.mark.parametrize("sharding", ["none", "full"])
def test_two_processes_train_what_one_trains(tmp_path, prepared_dir, alone, sharding):
    run_dir = train(tmp_path / "run", prepared_dir, num_devices=2, sharding=sharding)
    assert losses(run_dir) == pytest.approx(losses(alone), rel=1e-5)
    assert distance(weights(run_dir), weights(alone)) < 1e-3
    steps = list_steps(run_dir.read_events())
    assert [event.data["trained_tokens"] for event in steps] == [
        event.data["trained_tokens"] for event in list_steps(alone.read_events())
    ]


@pytest.mark.reliability
@pytest.mark.parametrize("sharding", ["none", "full"])
def test_two_processes_learn_preferences_as_one_does(tmp_path, prepared_dir, sharding):
    alone = train(tmp_path / "alone", prepared_dir, make_tiny_preference_run)
    both = train(tmp_path / "both", prepared_dir, make_tiny_preference_run, num_devices=2, sharding=sharding)
    assert losses(both) == pytest.approx(losses(alone), rel=1e-5)
    told = [[e.data for e in each.read_events() if e.kind == "preferences"] for each in (alone, both)]
    assert len(told[0]) == len(told[1]) == 1
    assert told[1][0]["reward_margin"] == pytest.approx(told[0][0]["reward_margin"], rel=1e-3)


def test_computing_inner_values_again_changes_nothing(tmp_path, prepared_dir, alone):
    run_dir = train(tmp_path / "run", prepared_dir, activation_checkpointing=True)
    assert losses(run_dir) == losses(alone)
    assert all(torch.equal(value, weights(alone)[name]) for name, value in weights(run_dir).items())


@pytest.mark.reliability
def test_all_together(tmp_path, prepared_dir, alone):
    changes = {"num_devices": 2, "sharding": "full", "activation_checkpointing": True}
    run_dir = train(tmp_path / "run", prepared_dir, **changes)
    assert losses(run_dir) == pytest.approx(losses(alone), rel=1e-5)


@pytest.mark.reliability
def test_dropout_is_the_same_on_any_number_of_processes(tmp_path, prepared_dir):
    runs = [train(tmp_path / str(size), prepared_dir, num_devices=size, lora_dropout=0.3) for size in (1, 2)]
    assert losses(runs[0]) == pytest.approx(losses(runs[1]), rel=1e-5)


@pytest.mark.reliability
def test_a_step_with_fewer_rows_than_processes(tmp_path, prepared_dir):
    # 40 rows in steps of 39: the second step of each epoch has a single row.
    changes = {"batch_size": 39, "num_steps": 4, "micro_batch_size": 39}
    runs = [train(tmp_path / str(size), prepared_dir, num_devices=size, **changes) for size in (1, 2)]
    assert losses(runs[0]) == pytest.approx(losses(runs[1]), rel=1e-5)


@pytest.mark.reliability
def test_stopped_and_resumed_equals_never_stopped(tmp_path, prepared_dir):
    whole = train(tmp_path / "whole", prepared_dir, num_devices=2)
    run_dir = make_tiny_run(tmp_path / "cut", prepared_dir, **CHANGES, num_devices=2)
    write_file(run_dir.requests_dir / "stop", b"")
    worker = work(run_dir, prepared_dir)
    worker.wait(120)
    (run_dir.requests_dir / "stop").unlink()
    assert work(run_dir, prepared_dir).wait(120) == 0
    assert all(torch.equal(value, weights(whole)[name]) for name, value in weights(run_dir).items())


@pytest.mark.reliability
def test_killed_no_process_is_left(tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **{**CHANGES, "num_steps": 2000}, num_devices=2)
    worker = work(run_dir, prepared_dir)
    peer = wait_for_peer(worker)
    while not list_steps(run_dir.read_events()):
        time.sleep(0.05)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(20)
    assert psutil.wait_procs([peer], timeout=20)[1] == []
    worker, before = work(run_dir, prepared_dir), len(run_dir.read_events())
    while not any(event.kind == "step" for event in run_dir.read_events()[before:]):
        time.sleep(0.05)
    write_file(run_dir.requests_dir / "stop", b"")
    worker.wait(120)
    assert not (run_dir.path / ".processes").exists(), "what the killed one left is swept"


@pytest.mark.reliability
def test_a_lost_process_is_named(tmp_path, prepared_dir):
    run_dir = make_tiny_run(tmp_path / "run", prepared_dir, **{**CHANGES, "num_steps": 2000}, num_devices=2)
    worker = work(run_dir, prepared_dir)
    peer = wait_for_peer(worker)
    while not list_steps(run_dir.read_events()):
        time.sleep(0.05)
    peer.kill()
    assert worker.wait(120) == MachineError.exit_code
    assert run_dir.state() is RunState.FAILED
    last = run_dir.read_events()[-1].data
    assert last["code"] == "process_lost"
    assert "Process 2 of 2" in last["message"]


def test_a_process_that_ends_before_it_joins_is_named_at_once(tmp_path, prepared_dir, monkeypatch):
    from aliquot.core.run_dir import RunDir
    from aliquot.worker import peers

    def doomed(run_dir, model_dir, meeting_point, *, rank):
        log = tmp_path / "log"
        with log.open("wb") as file:
            command = [sys.executable, "-c", "raise SystemExit('no such device')"]
            return peers.Peer(rank, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=file), log)

    monkeypatch.setattr(peers, "_start", doomed)
    with (
        pytest.raises(MachineError, match=r"Process 2 of 2 ended .* no such device"),
        peers.gather(RunDir(tmp_path), training_spec(num_devices=2), prepared_dir),
    ):
        raise AssertionError("nobody is there to train with")


def wait_for_peer(worker):
    for _ in range(600):
        found = [
            one for one in psutil.Process(worker.pid).children() if "train_rank" in " ".join(one.cmdline())
        ]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no second process was started")
