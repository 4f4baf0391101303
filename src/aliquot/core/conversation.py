"""A conversation: the messages of one row, in the roles of the chat format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROLES = ("system", "developer", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        role: One of ``ROLES``.
        content: The text.
        weight: Only for the assistant: 0 leaves this turn out of the loss; 1 and None train it.
    """

    role: str
    content: str
    weight: int | None = None

    @property
    def is_trained(self) -> bool:
        """Whether the loss covers this turn."""
        return self.role == "assistant" and self.weight != 0


def as_template_input(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Return messages as chat templates want them: dicts with role and content only.

    ``developer`` is OpenAI's newer word for ``system``; templates of open models print nothing for it.
    """
    roles = {"developer": "system"}
    return [{"role": roles.get(m.role, m.role), "content": m.content} for m in messages]
