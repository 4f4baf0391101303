"""Where a function of the user runs: a process that is given answers one by one, and ended when it hangs."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from aliquot.errors import InputError
from aliquot.evaluation.grader_template import GradeFault

PROGRAM = Path(__file__).with_name("sandboxed.py")
"""What the process runs; not imported, because not every system knows its limits."""
TIME_LIMIT_S = 10.0
"""For one answer."""
START_LIMIT_S = 60.0
"""For the source itself, with what it imports."""
MEMORY_BYTES = 4 << 30
FILE_BYTES = 1 << 26
LONGEST_REPLY = 1 << 16
MAX_STUCK = 3
"""After so many answers in a row that took too long the rest is not tried."""


class Sandbox:
    """A process that grades with a function of the user; use it as a context.

    Args:
        source: Python source text.
        function: Name of the function in it: ``(sample, item) -> float``.
        file: Its name in messages.
        time_limit_s: For one answer.
    """

    def __init__(
        self, source: str, function: str, *, file: str = "grader.py", time_limit_s: float = TIME_LIMIT_S
    ) -> None:
        self._job = {
            "source": source,
            "function": function,
            "file": file,
            "time_limit_s": time_limit_s,
            "memory_bytes": MEMORY_BYTES,
            "file_bytes": FILE_BYTES,
        }
        self._time_limit_s, self._num_stuck = time_limit_s, 0
        self._process: subprocess.Popen[bytes] | None = None
        self._results = -1
        self._folder = tempfile.TemporaryDirectory(prefix="aliquot-grader-")
        self.network = ""
        """``none`` where the process has no network, ``refused`` where Python alone refuses it."""

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._end()
        self._folder.cleanup()

    def grade(self, sample: dict[str, Any], item: dict[str, Any]) -> float:
        """Return what the function gives one answer.

        Raises:
            GradeFault: It raised, took too long, ended the process or returned no number.
            InputError: The source cannot be run, or one answer after another took too long.
        """
        if self._process is None:
            self._start()
        reply = self._ask({"sample": sample, "item": item}, self._time_limit_s)
        if "value" not in reply:
            raise GradeFault("python_grader_runtime_error", reply["error"])
        self._num_stuck = 0
        return reply["value"]

    def _start(self) -> None:
        self._results, child_end = os.pipe()
        # Its own folder and site-packages only; no key of the user's is in its environment.
        command = [sys.executable, "-s", "-P", "-B", str(PROGRAM), str(child_end)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[child_end],
            cwd=self._folder.name,
            env=_environment(self._folder.name),
            start_new_session=True,
        )
        os.close(child_end)
        reply = self._ask(self._job, START_LIMIT_S)
        if "network" not in reply:
            raise InputError(
                f"The source of this grader cannot be run: {reply['error']}.",
                code="grader_source_fails",
                location=self._job["file"],
                hint="It is run by this Python without network, in an empty folder: modules beside it are "
                "not found.",
            )
        self.network = reply["network"]

    def _ask(self, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Send a line and return the reply to it; a process that gives none is ended."""
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        line = self._read_line(time.monotonic() + limit_s)
        if line is not None and line.endswith(b"\n"):
            return json.loads(line)
        status = self._end()
        if line is not None:
            return {"error": f"the process ended ({_describe(status)})"}
        self._num_stuck += 1
        if self._num_stuck >= MAX_STUCK:
            raise InputError(
                f"{MAX_STUCK} answers in a row took this grader more than {limit_s:g} s each.",
                code="grader_too_slow",
                location=str(self._job["file"]),
                hint="Make it faster, then grade again; grades made so far are not kept.",
            )
        return {"error": f"no value after {limit_s:g} s"}

    def _read_line(self, until: float) -> bytes | None:
        """Return what the process writes up to a line end or its own end; None when time is up."""
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._results, selectors.EVENT_READ)
            while not line.endswith(b"\n") and len(line) < LONGEST_REPLY:
                if not selector.select(max(0.0, until - time.monotonic())):
                    return None
                part = os.read(self._results, LONGEST_REPLY)
                if not part:
                    break
                line += part
        return line

    def _end(self) -> int:
        """End the process; return how it ended, by itself or by this."""
        if self._process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that ended by itself tells how
            self._process.wait(timeout=0.2 if self._process.poll() is None else None)
        self._process.kill()
        status = self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        os.close(self._results)
        self._process = None
        return status


def _environment(folder: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same every time
    }


def _describe(status: int) -> str:
    return f"exit code {status}" if status >= 0 else f"signal {-status}; a lack of memory or of time, perhaps"
