import json
import os
import subprocess
import sys

import pytest

from aliquot.compute import process
from aliquot.errors import AliquotError, InputError, Interrupted, MachineError, ModelError, RunError


def error_line(**changes):
    return json.dumps({"code": "c", "message": "m", "location": "l", "hint": "h"} | changes)


@pytest.mark.parametrize("kind", [InputError, MachineError, ModelError, RunError, Interrupted])
def test_the_last_json_line_becomes_an_error_of_the_class_of_the_exit_code(kind):
    error = process.error_of("probe", kind.exit_code, f"noise\n{error_line()}\n\n")
    assert type(error) is kind
    assert error.as_dict() == {"code": "c", "message": "m", "location": "l", "hint": "h"}


def test_another_exit_code_gives_the_plain_error():
    assert type(process.error_of("probe", 1, error_line())) is AliquotError


@pytest.mark.parametrize("stderr", ["", "Traceback\nKilled", '["not", "an", "error"]', '{"code": "only"}'])
def test_a_crash_without_an_error_line_quotes_the_end_of_the_log(stderr):
    error = process.error_of("probe", 1, stderr)
    assert error.code == "worker_crashed"
    assert stderr.splitlines()[-1:] == [] or stderr.splitlines()[-1] in error.message


def test_a_kill_is_told_as_a_lack_of_memory():
    assert "SIGKILL, often a lack of memory" in process.error_of("probe", -9, "").message
    assert process.describe_end(-15) == "SIGTERM"
    assert process.describe_end(3) == "exit code 3"


def test_a_missing_torch_is_told_before_anything_is_started(monkeypatch):
    monkeypatch.setattr(process.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError) as caught:
        process.worker_command("run", [])
    assert caught.value.code == "worker_not_installed"


def test_a_process_has_one_start_and_none_when_it_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = process.find_start(child.pid)
    assert start is not None and start == process.find_start(child.pid)
    assert start >= process.find_start(os.getpid())
    child.communicate(b"\n")
    assert process.find_start(child.pid) is None


def test_a_zombie_counts_as_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and nobody has asked for it yet
    assert process.find_start(child.pid) is None
    child.communicate()


def test_a_lock_is_seen_while_another_process_holds_it(tmp_path):
    path = tmp_path / "worker.lock"
    assert not process.is_locked(path)
    holds = f"import fcntl; file = open({str(path)!r}, 'w'); fcntl.flock(file, fcntl.LOCK_EX); "
    program = holds + "print(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    assert process.is_locked(path)
    child.communicate(b"\n")
    assert not process.is_locked(path)
