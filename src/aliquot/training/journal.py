"""Who listens to a worker's stages, and may ask them to stop."""

from __future__ import annotations

from typing import Any, Protocol

WISHES = (None, "stop", "cancel", "checkpoint")
"""What may be asked for at a step border."""


class Journal(Protocol):
    """Records events and passes on wishes; the loop knows no files and no clocks of its own."""

    def write(self, kind: str, **data: Any) -> None:
        """Record one event."""

    def find_wish(self) -> str | None:
        """Return ``stop``, ``cancel`` or ``checkpoint`` when somebody asked for it, else None."""

    def take_wish(self, name: str) -> bool:
        """Return whether a wish of this name was left, and use it up."""
