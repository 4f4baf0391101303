"""A second process that reads about half of a large file of chat lines; used by the formats that are such.

    part_large(source)                     # in place of part_plain(source.blocks())

Pieces of the file go to it and come back as plain rows, in the order of the file, so that the result is the
same to the byte. What it does not answer, because it was killed or never began, is read here. It leaves
when its standard input closes, however the process that started it ends.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, Self

import msgspec
import psutil

from aliquot.data.format import PlainRows
from aliquot.data.plain_rows import part_plain
from aliquot.data.source import Block, Broken, Source

MIN_BYTES = 32_000_000
"""A smaller file is read before another process would have begun."""
_MIN_FREE_BYTES = 500_000_000
"""Several times what the other process takes."""
_NUM_FIRST, _NUM_THEIRS, _MOST_OURS = 12, 8, 10
"""Pieces read while the other process begins; then those given to it at once, and how many are read here at
most until it answers: fewer where both are equally fast, because this process also keeps the rows of both."""
_LENGTH_BYTES = 8

Piece = Block | Broken | PlainRows

_log = logging.getLogger("aliquot")
_ENCODER = msgspec.msgpack.Encoder()
_BLOCKS = msgspec.msgpack.Decoder(list[Block])
_ANSWER = msgspec.msgpack.Decoder(list[list[Block | PlainRows]])


def part_large(source: Source) -> Iterator[Piece]:
    """Yield a file's blocks with their plain rows taken out, in order; two processes share a large file."""
    blocks = source.blocks()
    return _part_by_two(blocks) if _is_worth_two(source) else part_plain(blocks)


def _is_worth_two(source: Source) -> bool:
    if source.path.stat().st_size < MIN_BYTES or not sys.executable or _count_cores() < 2:
        return False
    return psutil.virtual_memory().available >= _MIN_FREE_BYTES


def _count_cores() -> int:
    """Return how many cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _part_by_two(blocks: Iterator[Block | Broken]) -> Iterator[Piece]:
    with SecondReader() as other:
        yield from part_plain(itertools.islice(blocks, _NUM_FIRST))
        theirs = _ask(other, blocks)
        while theirs:
            ours = list(part_plain(_until_answer(other, itertools.islice(blocks, _MOST_OURS))))
            asked, answer = theirs, other.answer()
            theirs = _ask(other, blocks)  # it reads on while the caller keeps these rows
            yield from part_plain(asked) if answer is None else _merge(asked, answer)
            yield from ours


def _ask(other: SecondReader, blocks: Iterator[Block | Broken]) -> list[Block | Broken]:
    """Give the other process the next blocks, and return them with what is broken between."""
    theirs = list(itertools.islice(blocks, _NUM_THEIRS))
    if theirs:
        other.ask([item for item in theirs if isinstance(item, Block)])
    return theirs


def _until_answer(other: SecondReader, blocks: Iterator[Block | Broken]) -> Iterator[Block | Broken]:
    """Yield blocks for as long as the other process is reading; at least one."""
    for block in blocks:
        yield block
        if other.has_answered():
            return


def _merge(theirs: Iterable[Block | Broken], answer: Iterable[list[Block | PlainRows]]) -> Iterator[Piece]:
    answers = iter(answer)
    for item in theirs:
        yield from [item] if isinstance(item, Broken) else next(answers)


class SecondReader:
    """The other process, as the one that starts it sees it: each question is followed by its answer."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # -P: what lies in the current folder is not imported.
        command = [sys.executable, "-P", "-m", "aliquot.data.second_reader"]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """The process's id; None when there is none any more."""
        return self._process.pid if self._process else None

    def ask(self, blocks: list[Block]) -> None:
        """Give it blocks to read."""
        if self._process and self._process.stdin:
            try:
                _send(self._process.stdin, _ENCODER.encode(blocks))
            except OSError:
                self._lose()

    def has_answered(self) -> bool:
        """Return whether an answer need not be waited for, or will not come; False where none can tell."""
        if not (self._process and self._process.stdout):
            return True
        if not hasattr(select, "poll"):  # on Windows
            return False
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        return bool(poll.poll(0))

    def answer(self) -> list[list[Block | PlainRows]] | None:
        """Return what each of the blocks is parted into; None when the process is gone."""
        data = _receive(self._process.stdout) if self._process and self._process.stdout else None
        if data is None:
            self._lose()
            return None
        return _ANSWER.decode(data)

    def _lose(self) -> None:
        if self._process:
            code = self._end()
            _log.warning("The second process that read the file ended (exit code %s); one reads on.", code)

    def _end(self) -> int | None:
        """End the process at once; it keeps nothing that could be lost."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
        return process.returncode


def _send(file: IO[bytes], data: bytes) -> None:
    file.write(len(data).to_bytes(_LENGTH_BYTES))
    file.write(data)
    file.flush()


def _receive(file: IO[bytes]) -> bytes | None:
    """Return one message; None when the other end closed before it was whole."""
    head = file.read(_LENGTH_BYTES)
    num_bytes = int.from_bytes(head)
    data = file.read(num_bytes) if len(head) == _LENGTH_BYTES else b""
    return data if head and len(data) == num_bytes else None


def main() -> None:
    """Answer until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(BrokenPipeError):
        while (data := _receive(questions)) is not None:
            pieces = [list(part_plain([block])) for block in _BLOCKS.decode(data)]
            _send(answers, _ENCODER.encode(pieces))


if __name__ == "__main__":
    main()
