import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS
from aliquot.core.records import encode
from aliquot.data import second_reader, source
from aliquot.data.check import check_data
from aliquot.data.plain_rows import part_plain
from aliquot.data.second_reader import SecondReader, part_large
from aliquot.data.source import Block, open_source
from tests.unit.data.test_plain_rows import ODD, PLAIN, chat

NUMBERED = [chat("Say low or high.", f"Is item {number} high?", "low") for number in range(900)]
AGAIN = [chat("Say low or high.", f"is item {number}  high?", "high") for number in range(0, 900, 7)]
ALIKE = [chat(f"name {number}: low", "low", roles=("user", "assistant")) for number in range(300)]
LONG = chat("A long row.", "x" * 30_000, "y")
TOO_LONG = chat("Too long.", "x" * 60_000, "y")
FAULTY = [
    *PLAIN,
    *ALIKE,
    *NUMBERED[:500],
    *ODD,
    LONG,
    *PLAIN * 9,
    *AGAIN,
    TOO_LONG,
    *NUMBERED,
    *ODD * 3,
    *ALIKE,
]
WIRE = [line for line in PLAIN + ODD if line.strip()]


@pytest.fixture
def shared(monkeypatch):
    """Small files are shared too, in small pieces."""
    monkeypatch.setattr(second_reader, "MIN_BYTES", 0)
    monkeypatch.setattr(second_reader, "_count_cores", lambda: 2)
    monkeypatch.setattr(second_reader, "_NUM_FIRST", 1)


def write(folder, lines=FAULTY, *, mark=b"\xef\xbb\xbf", end=b"\r\n"):
    path = folder / "rows.jsonl"
    path.write_bytes(mark + end.join(lines))  # the last line has no end
    return path


def outcome(path):
    checked = check_data(path, DataSettings(format="chat_jsonl"))
    lines = [list(checked.table.stored_lines(split)) for split in SPLITS]
    return encode(checked.report), lines, [checked.table.own_split_N.tolist(), checked.table.answers]


def list_children():
    return [child for child in psutil.Process().children() if "second_reader" in " ".join(child.cmdline())]


@pytest.mark.parametrize("piece_bytes", [999, 4096, 17_001, 1 << 20])
def test_two_processes_give_what_one_gives_to_the_byte(tmp_path, monkeypatch, shared, piece_bytes):
    monkeypatch.setattr(source, "PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(source, "MAX_LINE_BYTES", 50_000)
    path = write(tmp_path)
    two = outcome(path)
    monkeypatch.setattr(second_reader, "MIN_BYTES", 1 << 40)
    assert two == outcome(path)


def test_what_is_compared_across_rows_depends_on_their_order(tmp_path, shared, monkeypatch):
    """Negative control: answers that come back in another order do not pass for the same."""
    monkeypatch.setattr(source, "PIECE_BYTES", 4096)
    path = write(tmp_path)
    right = outcome(path)
    merge = second_reader._merge
    monkeypatch.setattr(
        second_reader, "_merge", lambda theirs, answer: merge(theirs, list(reversed(list(answer))))
    )
    assert outcome(path) != right


def test_blocks_cut_anywhere_come_back_as_they_are_read_here():
    with SecondReader() as other:

        @settings(deadline=None, max_examples=80)
        @given(
            st.lists(st.sampled_from(WIRE), min_size=1, max_size=40),
            st.lists(st.integers(1, 12), min_size=1, max_size=8),
            st.sampled_from([b"\n", b"\r\n"]),
        )
        def come_back(lines, sizes, end):
            blocks = list(cut(lines, sizes, end))
            other.ask(blocks)
            assert other.answer() == [list(part_plain([block])) for block in blocks]

        come_back()


def test_whether_an_answer_has_come_is_told_without_waiting():
    with SecondReader() as other:
        assert not other.has_answered()
        other.ask([])
        assert other.answer() == []
        assert not other.has_answered()
    assert other.has_answered()  # there is nothing to wait for


def test_blocks_are_read_here_until_the_other_process_has_answered():
    def until(*has_answered):
        other = SimpleNamespace(has_answered=iter(has_answered).__next__)
        return len(list(second_reader._until_answer(other, iter(blocks))))

    blocks = [Block(number, b"{}\n") for number in range(1, 6)]

    assert (until(True), until(False, False, True), until(*[False] * 5)) == (1, 3, 5)


def cut(lines, sizes, end):
    rest, number = iter(lines), 1
    for size in itertools.cycle(sizes):
        some = list(itertools.islice(rest, size))
        if not some:
            return
        yield Block(number, end.join(some) + end)
        number += len(some)


def test_a_killed_process_costs_time_and_nothing_else(tmp_path, monkeypatch, shared, caplog):
    monkeypatch.setattr(source, "PIECE_BYTES", 4096)
    opened = open_source(write(tmp_path))
    pieces = part_large(opened)
    first = list(itertools.islice(pieces, 3))
    (child,) = list_children()
    child.kill()
    assert [*first, *pieces] == list(part_plain(opened.blocks()))
    assert "ended (exit code -9)" in caplog.text
    assert not list_children()


def test_a_process_that_cannot_begin_is_done_without(tmp_path, monkeypatch, shared):
    opened = open_source(write(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    assert list(part_large(opened)) == list(part_plain(opened.blocks()))


def test_reading_that_is_given_up_leaves_no_process(tmp_path, monkeypatch, shared):
    monkeypatch.setattr(source, "PIECE_BYTES", 4096)
    pieces = part_large(open_source(write(tmp_path)))
    next(pieces)
    assert list_children()
    pieces.close()
    assert not list_children()


@pytest.mark.parametrize("lacking", ["cores", "memory", "size"])
def test_one_process_reads_where_two_would_not_be_worth_it(tmp_path, monkeypatch, shared, lacking):
    if lacking == "cores":
        monkeypatch.setattr(second_reader, "_count_cores", lambda: 1)
    elif lacking == "memory":
        monkeypatch.setattr(second_reader, "_MIN_FREE_BYTES", 1 << 60)
    else:
        monkeypatch.setattr(second_reader, "MIN_BYTES", 1 << 40)
    assert not second_reader._is_worth_two(open_source(write(tmp_path)))


STARTER = """
import sys
from aliquot.data.second_reader import SecondReader

with SecondReader() as other:
    other.ask([])
    other.answer()
    print(other.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="POSIX signals")
def test_the_second_process_leaves_when_the_first_is_killed():
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        second = psutil.Process(int(first.stdout.readline()))
        second.send_signal(signal.SIGINT)  # Ctrl-C is for the first alone
        first.kill()
    second.wait(20)


def test_a_module_in_the_current_folder_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "msgspec.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    line = chat("p", "a", roles=("user", "assistant")) + b"\n"
    with SecondReader() as process:
        process.ask([Block(1, line)])
        assert process.answer() == [list(part_plain([Block(1, line)]))]
    assert Path("msgspec.py").exists()
