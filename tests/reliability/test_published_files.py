"""A process killed at any moment leaves published files and folders whole: the old one or the new one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from aliquot.core.files import write_file

pytestmark = pytest.mark.reliability

NUM_KILLS = 30

WRITE_FILES = """\
import sys, itertools, pathlib
from aliquot.core.files import write_file
path = pathlib.Path(sys.argv[1])
print("ready", flush=True)
for generation in itertools.count():
    write_file(path, str(generation % 10) * 200_000)
"""

WRITE_FOLDERS = """\
import sys, itertools, pathlib
from aliquot.core.files import new_folder
parent = pathlib.Path(sys.argv[1])
print("ready", flush=True)
for generation in itertools.count():
    with new_folder(parent / f"step-{sys.argv[2]}-{generation}") as folder:
        for name in "abc":
            (folder / name).write_text(str(generation % 10) * 20_000)
"""

WRITE_IN_PLACE = """\
import sys, itertools, pathlib
path = pathlib.Path(sys.argv[1])
print("ready", flush=True)
for generation in itertools.count():
    with path.open("w") as file:
        for _ in range(2_000):
            file.write(str(generation % 10) * 100)
            file.flush()
"""


def _run_and_kill(program: str, *arguments: str, after_s: float) -> None:
    """Start a program, let it work for a while, and end it as a power cut would."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _is_whole(text: str, length: int) -> bool:
    return len(text) == length and len(set(text)) == 1


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "spec.json"
    write_file(path, "0" * 200_000)
    moments = random.Random(0)
    for _ in range(NUM_KILLS):
        _run_and_kill(WRITE_FILES, str(path), after_s=moments.uniform(0.001, 0.1))
        assert _is_whole(path.read_text(), 200_000)


def test_a_killed_writer_leaves_only_whole_folders(tmp_path):
    moments = random.Random(1)
    for kill in range(NUM_KILLS):
        _run_and_kill(WRITE_FOLDERS, str(tmp_path), str(kill), after_s=moments.uniform(0.001, 0.1))
    published = sorted(tmp_path.glob("step-*"))
    assert len(published) >= NUM_KILLS
    for folder in published:
        assert sorted(path.name for path in folder.iterdir()) == ["a", "b", "c"]
        assert all(_is_whole(path.read_text(), 20_000) for path in folder.iterdir())


def test_the_same_kills_do_tear_a_file_that_is_written_in_place(tmp_path):
    path = tmp_path / "spec.json"
    moments = random.Random(0)
    whole = 0
    for _ in range(10):
        _run_and_kill(WRITE_IN_PLACE, str(path), after_s=moments.uniform(0.001, 0.1))
        whole += _is_whole(path.read_text(), 200_000)
    assert whole < 10
