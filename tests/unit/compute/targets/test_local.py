import json
import os
import sys
from dataclasses import replace

import pytest

from aliquot.compute.job import find_job, last_log_lines, log_path, save_job
from aliquot.compute.targets import local
from aliquot.compute.targets.local import LocalTarget
from aliquot.core.run_dir import RunDir
from aliquot.errors import MachineError, ModelError, RunError

WAITS = "import sys, subprocess; c = subprocess.Popen(['sleep', '60']); print(c.pid, flush=True); c.wait()"


@pytest.fixture
def run_dir(tmp_path):
    return RunDir(tmp_path)


@pytest.fixture
def programs(monkeypatch):
    """Programs by name, in place of those of the worker."""
    sources = {}
    monkeypatch.setattr(
        local, "worker_command", lambda name, argv: [sys.executable, "-c", sources[name], *argv]
    )
    return sources


@pytest.fixture
def target():
    return LocalTarget()


def wait_for_log(run_dir):
    path = run_dir.logs_dir / "worker.log"
    while len(path.read_text().splitlines()) < 2:
        os.sched_yield()
    return path.read_text()


def test_the_log_of_a_resumed_run_is_that_of_its_last_worker(programs, target, run_dir):
    assert last_log_lines(run_dir, 3) == []
    for words in ("first", "second"):
        programs["run"] = f"print({words!r})"
        target.start(run_dir, [])
        while target.is_alive(run_dir):
            os.sched_yield()
    assert last_log_lines(run_dir, 3) == ["second"]
    assert "first" in log_path(run_dir).read_text()


def test_a_worker_is_alive_until_its_whole_group_is_killed(programs, target, run_dir):
    programs["run"] = WAITS
    target.start(run_dir, [])
    grandchild = int(wait_for_log(run_dir).splitlines()[-1])
    assert target.is_alive(run_dir)
    assert LocalTarget().is_alive(run_dir), "another command finds it by job.json"
    target.kill(run_dir)
    assert not target.is_alive(run_dir)
    # It dies a moment after its parent; if it does not, the test times out.
    while local.find_start(grandchild) is not None:
        os.sched_yield()


def test_a_worker_that_ended_is_not_alive(programs, target, run_dir):
    programs["run"] = "print('done')"
    target.start(run_dir, ["--stages", "train"])
    while target.is_alive(run_dir):
        os.sched_yield()
    assert last_log_lines(run_dir, 3) == ["done"]
    assert find_job(run_dir).argv == ("--stages", "train")


def test_a_second_worker_is_refused(programs, target, run_dir):
    programs["run"] = WAITS
    target.start(run_dir, [])
    with pytest.raises(RunError) as caught:
        LocalTarget().start(run_dir, [])
    assert caught.value.code == "run_is_busy"
    target.kill(run_dir)


@pytest.mark.parametrize("change", [{"process_start": -1.0}, {"boot_id": "another boot"}])
def test_a_process_id_that_was_used_again_is_not_the_worker(programs, target, run_dir, change):
    programs["run"] = WAITS
    target.start(run_dir, [])
    job, later = find_job(run_dir), LocalTarget()
    save_job(run_dir, replace(job, **change))
    assert not later.is_alive(run_dir)
    later.kill(run_dir)  # must not touch it
    assert local.find_start(job.pid) is not None
    save_job(run_dir, job)
    target.kill(run_dir)


def test_a_starter_that_died_before_it_noted_the_id_leaves_the_lock_to_tell(target, run_dir):
    save_job(run_dir, local.Job(target="local", argv=(), boot_id=local.boot_id()))
    assert not target.is_alive(run_dir)


def test_a_run_that_was_never_started_is_not_alive(target, run_dir):
    assert not target.is_alive(run_dir)
    target.kill(run_dir)


def test_a_program_is_called_with_its_arguments_and_its_lines_come_back(programs, target):
    programs["probe"] = "import sys; print('first'); print(sys.argv[1]); print('noise', file=sys.stderr)"
    assert target.call("probe", ["second"]) == ["first", "second"]


def test_a_program_s_error_comes_back_as_its_class(programs, target):
    line = json.dumps({"code": "model_gated", "message": "It is gated.", "location": "x", "hint": "Ask."})
    programs["prepare_model"] = f"import sys; sys.stderr.write({line!r} + chr(10)); sys.exit(4)"
    with pytest.raises(ModelError, match="It is gated") as caught:
        target.call("prepare_model")
    assert caught.value.code == "model_gated"


def test_a_dialogue_answers_line_by_line(programs, target):
    programs["chat"] = "import sys\nfor line in sys.stdin: print('heard', line.strip(), flush=True)"
    dialogue = target.open("chat")
    assert next(dialogue.ask("one")) == "heard one\n"
    assert next(dialogue.ask("two")) == "heard two\n"
    dialogue.close()


def test_a_dialogue_whose_program_ends_tells_why(programs, target):
    programs["chat"] = "import sys; sys.exit('no memory')"
    dialogue = target.open("chat")
    with pytest.raises(MachineError, match="no memory"):
        list(dialogue.ask("hello"))
    dialogue.close()
