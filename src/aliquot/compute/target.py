"""What a compute target must be able to do: keep a worker going in a run directory, and run short programs.

A new place (a cluster, a rented machine) is one file in ``compute/targets`` with an object ``TARGET``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from aliquot.core.run_dir import RunDir
from aliquot.plugins import get_extension


class Dialogue(Protocol):
    """A program that answers requests until it is closed; requests and replies are lines of JSON."""

    def ask(self, request: str) -> Iterator[str]:
        """Send one request; yield the lines of the reply until the caller stops reading."""
        ...

    def close(self) -> None:
        """End the program."""
        ...


class Target(Protocol):
    """One place where workers run."""

    name: str

    def start(self, run_dir: RunDir, argv: Sequence[str]) -> None:
        """Start the run's worker with these arguments and return at once.

        Raises:
            RunError: A worker of this run is alive already.
            MachineError: The place lacks what a worker needs.
        """
        ...

    def is_alive(self, run_dir: RunDir) -> bool:
        """Whether the run's worker is at work."""
        ...

    def kill(self, run_dir: RunDir) -> None:
        """End the run's worker and everything it started, at once."""
        ...

    def call(self, program: str, argv: Sequence[str] = ()) -> list[str]:
        """Run a short worker program to its end and return the lines it printed.

        Raises:
            AliquotError: The error that the program reported, of the class that its exit code names.
        """
        ...

    def open(self, program: str, argv: Sequence[str] = ()) -> Dialogue:
        """Start a worker program that answers requests."""
        ...


def get_target(name: str = "local") -> Target:
    """Return a compute target by name.

    Raises:
        InputError: No such target; the message lists the known ones.
    """
    return get_extension("aliquot.compute.targets", name, "TARGET")
