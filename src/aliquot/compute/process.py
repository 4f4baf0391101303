"""Processes of this machine: naming one for good, and turning the way one ended into an error.

A process id alone is no name: it is used again. Id, start time and boot together are.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from aliquot.errors import AliquotError, InputError, Interrupted, MachineError, ModelError, RunError

BY_EXIT_CODE = {
    kind.exit_code: kind for kind in (InputError, MachineError, ModelError, RunError, Interrupted)
}
LAST_LINES = 5
"""Lines of a crashed program's log that its error quotes."""


WITHOUT_TORCH = frozenset({"complete", "predict_endpoint"})
"""Worker programs that need no more than the core."""


def worker_command(program: str, argv: Sequence[str]) -> list[str]:
    """Return the command line of a worker program under this Python.

    Raises:
        MachineError: The packages that workers need are not installed.
    """
    lacks = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if lacks and program not in WITHOUT_TORCH:
        raise MachineError(
            "Training needs torch and transformers, and this Python lacks them.",
            code="worker_not_installed",
            location=sys.executable,
            hint="Run `pip install 'aliquot[train]'`, then `aliquot doctor`.",
        )
    # What libraries say about their own future is nothing a user can act on.
    return [sys.executable, "-W", "ignore::FutureWarning", "-m", f"aliquot.worker.{program}", *argv]


def boot_id() -> str:
    """Return what distinguishes this start of the machine from every other."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"


def find_start(pid: int) -> float | None:
    """Return when a process started, in a unit of the system, or None when it is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        stat = Path(f"/proc/{pid}/stat")
        # Ticks since boot do not move when the clock is set; the wall-clock start time would.
        return (
            float(stat.read_text().rpartition(")")[2].split()[19]) if stat.exists() else process.create_time()
        )
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def error_of(program: str, returncode: int, stderr: str, *, location: str = "") -> AliquotError:
    """Return the error that a program ended with.

    Args:
        program: Its name, for the message.
        returncode: Its exit code; negative when a signal ended it.
        stderr: What it wrote; the last line is a JSON error when the program knew what was wrong.
        location: Its log, for an error that it could not name itself.
    """
    lines = [line for line in stderr.splitlines() if line.strip()]
    known = _read_error(lines[-1]) if lines else None
    if known:
        kind = BY_EXIT_CODE.get(returncode, AliquotError)
        return kind(known["message"], code=known["code"], hint=known["hint"], location=known["location"])
    last = "\n".join(f"  | {line}" for line in lines[-LAST_LINES:])
    return MachineError(
        f"The worker program {program!r} ended unexpectedly ({describe_end(returncode)})."
        + (f" Its last lines:\n{last}\n" if last else ""),
        code="worker_crashed",
        location=location,
        hint="Run `aliquot doctor` to see whether this machine is fit.",
    )


def describe_end(returncode: int) -> str:
    """Return an exit code in words; a kill by the system is most often a lack of memory."""
    if returncode >= 0:
        return f"exit code {returncode}"
    name = signal.Signals(-returncode).name
    return f"{name}, often a lack of memory" if name == "SIGKILL" else name


def _read_error(line: str) -> dict[str, str] | None:
    try:
        error = json.loads(line)
    except ValueError:
        return None
    if not isinstance(error, dict) or not {"code", "message"} <= error.keys():
        return None
    return {key: str(error.get(key, "")) for key in ("code", "message", "hint", "location")}
