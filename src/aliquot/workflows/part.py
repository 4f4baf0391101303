"""One part of a whole that is done part by part: a seed of a group, a trial of a sweep, a cell of a study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aliquot.errors import AliquotError, Interrupted, MachineError


def try_part(work: Callable[[], object], part: str, *, others: str, whole: Path) -> AliquotError | None:
    """Do one part; return the error that concerns it alone, so that the others can go on, or None.

    Args:
        work: Does it.
        part: Its name, for messages.
        others: What the parts are called, in the plural.
        whole: The folder of the whole, which `aliquot resume` takes.

    Raises:
        Interrupted: It was stopped, and the whole with it.
        MachineError: The disk is full (``disk_full``), which concerns all.
    """
    again = f"the same command or `aliquot resume {whole}` goes on"
    at_work = f"{part} was at work; {others} that have ended stay."
    try:
        work()
    except Interrupted as stop:
        raise Interrupted(
            f"{stop.message} {at_work}",
            code=stop.code,
            location=whole.name,
            hint=f"{again[0].upper()}{again[1:]} from there.",
        ) from stop
    except AliquotError as error:
        if error.code != "disk_full":
            return error
        raise MachineError(
            f"{error.message} {at_work}",
            code=error.code,
            location=whole.name,
            hint=f"Make room; then {again}.",
        ) from error
    return None
