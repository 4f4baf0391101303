"""The program in which a function of the user grades: a process of its own, without network, with limits.

    python -s -P -B sandboxed.py RESULT_FD

stdin: a line with the source and the limits, then a line for each answer. RESULT_FD: a line for each. It is
started by `sandbox` and imports nothing of Aliquot. On Linux the process has an empty network of its
own, where the kernel lets anybody have that. In any case Python's own audit events refuse sockets, other
processes and writing outside the working folder; code that means harm can get around these.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import numbers
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.kill",
    "pty.spawn", "urllib.", "http.client", "ftplib.", "smtplib.", "sqlite3.connect",
)  # fmt: skip
"""Audit events that are refused, by the beginning of their names."""
CHANGING = {
    "os.remove": (1,), "os.rename": (2, 3), "os.rmdir": (1,), "os.mkdir": (2,), "os.chmod": (2,),
    "os.chown": (3,), "os.link": (2, 3), "os.symlink": (2,), "os.truncate": (), "shutil.rmtree": (1,),
    "shutil.move": (), "shutil.copyfile": (),
}  # fmt: skip
"""Audit events of files, refused outside the working folder; and which of their arguments name a folder by an
open file, from which a name could lead anywhere."""
NO_FOLDER = (None, -1)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Answer until the input ends."""
    job = json.loads(sys.stdin.readline())
    with open(int(sys.argv[1]), "w", encoding="utf-8") as results:

        def reply(**fields: Any) -> None:
            results.write(json.dumps(fields) + "\n")
            results.flush()

        limit(job["memory_bytes"], job["file_bytes"])
        network = "none" if leave_network() else "refused"
        refuse_the_rest()
        try:
            grade = load(job["source"], job["file"], job["function"])
        except BaseException as error:  # noqa: BLE001 - the edge of somebody else's code
            reply(error=describe(error, job["file"]))
            return
        reply(network=network)
        for line in sys.stdin:
            one = json.loads(line)
            reply(**call(grade, one, job["time_limit_s"], job["file"]))


def limit(memory_bytes: int, file_bytes: int) -> None:
    """Set what a process may use at most; the processor's time is set anew for each answer."""
    limits = {resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_FSIZE: file_bytes, resource.RLIMIT_CORE: 0}
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # not every system knows every limit
            resource.setrlimit(kind, (most, most))


def leave_network() -> bool:
    """Move this process into an empty network; return whether the system lets it."""
    user, group = os.getuid(), os.getgid()
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is None or unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    # Without this it would be nobody, who may not write into its own working folder everywhere.
    entries = (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1"))
    for name, text in entries:
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def refuse_the_rest() -> None:
    """Refuse sockets, processes and writing outside the working folder from now on; it cannot be undone."""
    folder = os.path.realpath(os.getcwd()) + os.sep

    def is_outside(path: Any) -> bool:
        name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        return name != os.devnull and not os.path.realpath(name).startswith(folder)

    def is_change(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            # Without a mode this is os.open, whose dir_fd is not told here.
            if arguments[1] is None and arguments[2] & WRITING and not os.path.isabs(arguments[0]):
                raise PermissionError("a grader may not open a relative name for writing by os.open")
            return bool(arguments[2] & WRITING)
        if any(arguments[place] not in NO_FOLDER for place in CHANGING.get(event, ())):
            raise PermissionError(f"a grader may not name a folder by an open file: {event}")
        return event in CHANGING

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(f"a grader may not do this: {event}")
        if event == "open" and str(arguments[0]).startswith("/proc/") and "environ" in str(arguments[0]):
            raise PermissionError("a grader may not read the environment of a process")
        paths = [one for one in arguments[:2] if isinstance(one, (str, bytes, os.PathLike))]
        changed = paths if event != "open" else paths[:1]
        if is_change(event, arguments) and any(map(is_outside, changed)):
            raise PermissionError(f"a grader may write in its own folder only, not {changed[-1]!r}")

    sys.addaudithook(refuse)


def load(source: str, file: str, name: str) -> Callable[..., Any]:
    """Return the function of a source text."""
    namespace: dict[str, Any] = {"__name__": "grader", "__file__": file}
    exec(compile(source, file, "exec"), namespace)
    function = namespace.get(name)
    if not callable(function):
        raise NameError(f"the source defines no function {name!r}")
    return function


def call(grade: Callable[..., Any], one: dict[str, Any], time_limit_s: float, file: str) -> dict[str, Any]:
    """Return what the function gives one answer, or how it failed."""
    # If nobody is left to end it, the system does.
    with contextlib.suppress(ValueError, OSError):
        allowed_s = math.ceil(time.process_time() + time_limit_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    try:
        value = grade(one["sample"], one["item"])
    except BaseException as error:  # noqa: BLE001 - the edge of somebody else's code
        return {"error": describe(error, file)}
    value = value.item() if hasattr(value, "item") else value  # numpy's numbers
    if not isinstance(value, numbers.Real) or not math.isfinite(value):
        return {"error": f"it returned {str(value)[:80]!r} ({type(value).__name__}), expected a number"}
    return {"value": float(value)}


def describe(error: BaseException, file: str) -> str:
    """Return an error in one line, with its line in the source."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error}{where}"[:300]


if __name__ == "__main__":
    main()
