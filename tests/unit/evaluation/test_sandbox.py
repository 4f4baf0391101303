import os

import pytest

from aliquot.errors import InputError
from aliquot.evaluation import sandbox as module
from aliquot.evaluation.grader import Tools, read_grader
from aliquot.evaluation.grader_template import GradeFault
from aliquot.evaluation.sandbox import Sandbox
from tests.fixtures.graders import make_items

SAMPLE, ITEM = {"output_text": "Fe"}, {"reference": "Fe"}


def _run(body, *, head="", calls=1, **more):
    source = f"{head}\ndef grade(sample, item):\n    {body}\n"
    with Sandbox(source, "grade", file="mine.py", **more) as sandbox:
        return [sandbox.grade(SAMPLE, ITEM) for _ in range(calls)]


def test_a_function_grades_by_sample_and_item_and_keeps_what_it_knows():
    assert _run("return sample['output_text'] == item['reference']") == [1.0]
    assert _run("seen.append(1); return len(seen)", head="seen = []", calls=3) == [1, 2, 3]
    assert _run("print('noise'); return np.float32(0.5)", head="import numpy as np") == [0.5]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero (line 3)"),
        ("return 'high'", "returned 'high' (str), expected a number"),
        ("return None", "expected a number"),
        ("return float('nan')", "expected a number"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import os; os._exit(3)", "the process ended (exit code 3)"),
        ("bytearray(8 << 30)", "MemoryError"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "may not do this"),
        ("import urllib.request as r; r.urlopen('http://127.0.0.1:9')", "may not do this"),
        ("import subprocess; subprocess.run(['true'])", "may not do this: subprocess.Popen"),
        ("import os; os.system('true')", "may not do this: os.system"),
        ("import os; os.fork()", "may not do this: os.fork"),
        ("open('/tmp/aliquot-never', 'w')", "write in its own folder only"),
        ("import os; os.remove('/tmp/aliquot-never')", "write in its own folder only"),
        ("import os; open('a', 'w'); os.replace('a', '/tmp/aliquot-never')", "write in its own folder only"),
        ("import os; os.symlink('/tmp', 'out')", "write in its own folder only"),
        ("import os; os.remove('b', dir_fd=os.open('/tmp', 0))", "name a folder by an open file"),
        ("import os; os.open('b', os.O_WRONLY | os.O_CREAT, dir_fd=os.open('/tmp', 0))", "relative name"),
        ("import sqlite3; sqlite3.connect('/tmp/aliquot-never')", "may not do this: sqlite3.connect"),
        ("open('/proc/1/environ').read()", "environment of a process"),
    ],
)
def test_what_a_function_may_not_do_or_does_wrong_is_a_fault_with_its_words(body, words):
    with pytest.raises(GradeFault) as caught:
        _run(body)
    assert caught.value.error == "python_grader_runtime_error"
    assert words in caught.value.detail


def test_its_own_folder_may_be_written_to_up_to_a_limit():
    assert _run("open('a', 'w').write('x'); return 1") == [1.0]
    with pytest.raises(GradeFault, match=r"File too large|the process ended"):
        _run("open('a', 'wb').write(bytes(1 << 27)); return 1")


def test_a_new_process_goes_on_after_one_that_ended():
    body = "os._exit(1) if sample['end'] else None; return 1"
    with Sandbox(f"import os\ndef grade(sample, item):\n    {body}\n", "grade") as sandbox:
        with pytest.raises(GradeFault):
            sandbox.grade({"end": True}, {})
        assert sandbox.grade({"end": False}, {}) == 1.0


def test_an_answer_that_takes_too_long_is_ended_and_three_in_a_row_end_it_all():
    with Sandbox("def grade(sample, item):\n    while True: pass\n", "grade", time_limit_s=0.3) as sandbox:
        for _ in range(module.MAX_STUCK - 1):
            with pytest.raises(GradeFault, match=r"no value after 0.3 s"):
                sandbox.grade(SAMPLE, ITEM)
        with pytest.raises(InputError) as caught:
            sandbox.grade(SAMPLE, ITEM)
    assert caught.value.code == "grader_too_slow"


def test_no_variable_of_the_user_reaches_the_process(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hush")
    assert _run("import os; return 'SECRET_KEY' in os.environ") == [0.0]
    assert "SECRET_KEY" in os.environ


@pytest.mark.parametrize("source", ["import not_there", "grades = 1", "def other(sample, item): return 1"])
def test_a_source_that_cannot_be_run_is_refused_before_anything_is_graded(source):
    with Sandbox(source, "grade", file="mine.py") as sandbox, pytest.raises(InputError) as caught:
        sandbox.grade(SAMPLE, ITEM)
    assert (caught.value.code, caught.value.location) == ("grader_source_fails", "mine.py")


def test_a_process_has_an_empty_network_where_the_system_lets_it():
    with Sandbox("def grade(sample, item): return 1", "grade") as sandbox:
        sandbox.grade(SAMPLE, ITEM)
        if sandbox.network == "refused":
            pytest.skip("this system gives a process no network of its own")
    connect = (
        "lib = ctypes.CDLL(None, use_errno=True); fd = lib.socket(2, 1, 0)\n"
        "    address = bytes([2, 0, 0, 80, 192, 0, 2, 1]) + bytes(8)\n"
        "    lib.connect(fd, address, 16); return ctypes.get_errno()"
    )
    assert _run(connect, head="import ctypes") == [101.0]  # ENETUNREACH


def test_where_the_system_gives_no_empty_network_sockets_are_refused_and_the_user_is_told(
    tmp_path, monkeypatch
):
    program = tmp_path / "sandboxed.py"
    text = module.PROGRAM.read_text()
    program.write_text(text.replace("unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0", "True"))
    assert program.read_text() != text
    monkeypatch.setattr(module, "PROGRAM", program)
    source = "import socket\ndef grade(sample, item):\n    return socket.socket().fileno()\n"
    grader = read_grader({"type": "python", "name": "one", "source": source}, "grader.json")
    told = []
    (grade,) = grader.grade(make_items([("Fe", "Fe")]), Tools(tell=told.append))
    assert "a grader may not do this: socket.__new__" in grade.detail
    assert "no empty network of its own" in told[0]
