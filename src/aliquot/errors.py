"""Every error a user can meet.

    AliquotError
    ├── InputError       the data, a setting or a name given by the user is wrong      exit code 2
    ├── MachineError     this machine lacks something: package, disk, memory, network   exit code 3
    ├── ModelError       a base model or an adapter cannot be had or used               exit code 4
    ├── RunError         a run is in a state that does not allow what was asked         exit code 5
    └── Interrupted      the user or the machine asked to stop; nothing is lost         exit code 130

How to add one: raise the class whose exit code fits, with a new ``code`` (snake_case, it is public
and stays). Add a class only for a new exit code. A message says what was found and what was
expected; ``location`` says where; ``hint`` says what to do next.
"""

from __future__ import annotations


class AliquotError(Exception):
    """An error with a code, a message, a place and a remedy, shown to users without a traceback.

    Args:
        message: What was found and what was expected.
        code: A stable machine-readable name, for example ``"file_empty"``.
        hint: What to do next, as an imperative sentence.
        location: Where: ``file:line``, a setting's name, a path or a run id.
    """

    exit_code = 1

    def __init__(self, message: str, *, code: str, hint: str = "", location: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        then = f" {self.hint}" if self.hint else ""
        return f"{where}{self.message}{then}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.code, self.hint, self.location))

    def as_dict(self) -> dict[str, str]:
        """Return the same facts under the names that ``--json`` prints."""
        return {"code": self.code, "message": self.message, "location": self.location, "hint": self.hint}


class InputError(AliquotError):
    """The data, a setting or a name given by the user is wrong."""

    exit_code = 2


class MachineError(AliquotError):
    """This machine lacks something that the work needs."""

    exit_code = 3


class ModelError(AliquotError):
    """A base model or an adapter cannot be fetched, read or used."""

    exit_code = 4


class RunError(AliquotError):
    """A run is in a state that does not allow what was asked of it."""

    exit_code = 5


class Interrupted(AliquotError):
    """The user or the machine asked the work to stop; what was done is kept."""

    exit_code = 130


def _rebuild(kind: type[AliquotError], message: str, code: str, hint: str, location: str) -> AliquotError:
    return kind(message, code=code, hint=hint, location=location)
