"""This machine: a worker is a process in a session of its own, so it outlives the terminal.

``job.json`` is written before the process is started and again after, with its id. A crash in between
cannot give a run two workers: a worker holds a lock on the run directory, and a second one exits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO

from aliquot.compute.job import LOG_START, Job, find_job, log_path, save_job
from aliquot.compute.process import boot_id, error_of, find_start, is_locked, worker_command
from aliquot.core.files import translate_os_errors
from aliquot.core.run_dir import RunDir
from aliquot.errors import Interrupted, RunError


class LocalTarget:
    """Workers as processes of this machine."""

    name = "local"

    def __init__(self) -> None:
        # Our own children by id: a child that ended stays a zombie until its parent asks for it.
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, run_dir: RunDir, argv: Sequence[str]) -> None:
        """Start ``aliquot.worker.run`` in the run directory; its output goes to ``logs/worker.log``."""
        if self.is_alive(run_dir):
            raise RunError(
                "This run has a worker already.",
                code="run_is_busy",
                location=run_dir.run_id,
                hint="Wait for it, or stop it with `aliquot cancel`.",
            )
        command = worker_command("run", [str(run_dir.path), *argv])
        job = Job(target=self.name, argv=tuple(argv), boot_id=boot_id())
        save_job(run_dir, job)
        child = _spawn(run_dir, command)
        self._children[child.pid] = child
        save_job(run_dir, replace(job, pid=child.pid, process_start=find_start(child.pid)))

    def is_alive(self, run_dir: RunDir) -> bool:
        """Whether the process that ``job.json`` names is that very process, and still runs."""
        job = find_job(run_dir)
        if job is None or job.boot_id != boot_id():
            return False
        if job.pid is None:  # the starter died before it could note the id
            return is_locked(run_dir.path / "worker.lock")
        if job.pid in self._children:
            return self._children[job.pid].poll() is None
        start = find_start(job.pid)
        return start is not None and start == job.process_start

    def kill(self, run_dir: RunDir) -> None:
        """End the worker's whole process group; does nothing when it is dead already."""
        job = find_job(run_dir)
        if job is None or job.pid is None or not self.is_alive(run_dir):
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        if job.pid in self._children:
            self._children[job.pid].wait()

    def call(self, program: str, argv: Sequence[str] = ()) -> list[str]:
        """Run a program to its end and return the lines it printed."""
        command = worker_command(program, argv)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except KeyboardInterrupt:  # the child was killed
            raise Interrupted("Stopped; nothing half-made was left behind.", code="interrupted") from None
        if done.returncode != 0:
            raise error_of(program, done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout.decode().splitlines()

    def open(self, program: str, argv: Sequence[str] = ()) -> LocalDialogue:
        """Start a program that answers on its standard output."""
        return LocalDialogue(program, worker_command(program, argv))


class LocalDialogue:
    """A program of this machine that answers lines of JSON with lines of JSON."""

    def __init__(self, program: str, command: Sequence[str]) -> None:
        self._program = program
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            bufsize=1,
            start_new_session=True,  # Ctrl-C ends the conversation, not the answer's process under our feet
        )

    def ask(self, request: str) -> Iterator[str]:
        """Send one request; yield the lines of the reply.

        Raises:
            AliquotError: The program ended instead of answering.
        """
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).write(request + "\n")
            _pipe(self._process.stdin).flush()
        # Not `yield from`: a reader that stops at the end of its reply would close the pipe.
        for line in _pipe(self._process.stdout):  # noqa: UP028
            yield line
        raise error_of(self._program, self._process.wait(), self._read_errors())

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):
                _pipe(pipe).close()

    def _read_errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")


def _spawn(run_dir: RunDir, command: list[str]) -> subprocess.Popen[bytes]:
    path = log_path(run_dir)
    with translate_os_errors(path):
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as log:
            log.write(f"{LOG_START}\n".encode())
            log.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                close_fds=True,
            )


def _pipe(pipe: IO[str] | IO[bytes] | None) -> IO:
    assert pipe is not None, "the process was started with a pipe here"
    return pipe


TARGET = LocalTarget()
