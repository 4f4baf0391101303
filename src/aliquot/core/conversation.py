"""A conversation: the messages of one row, in the roles of the chat format, with tool calls.

Messages are msgspec structs: fields at their default are left out of stored JSON, so that the rows and
the hashes of plain conversations do not grow with what only some conversations have.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aliquot.core.records import canonical_json

ROLES = ("system", "developer", "user", "assistant", "tool")
TEXT_ROLE = "text"
"""Role of the one message of a plain text, which is no conversation."""


def _no_weight() -> None:
    """Return the default weight; given by a function, it is written even so, as it always was."""


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a tool by the assistant.

    Attributes:
        name: Name of the function.
        arguments: Its arguments, as JSON text.
        id: What the answer of the tool refers to; may be empty.
    """

    name: str
    arguments: str
    id: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn.

    Attributes:
        role: One of ``ROLES``, or ``TEXT_ROLE``.
        content: The text.
        weight: Only for the assistant: 0 leaves this turn out of the loss; 1 and None train it.
        tool_calls: Only for the assistant: the tools that it calls.
        tool_call_id: Only for a tool: the call that it answers.
        name: Name of the speaker or of the tool.
    """

    role: str
    content: str
    weight: int | None = msgspec.field(default_factory=_no_weight)
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""

    @property
    def is_trained(self) -> bool:
        """Whether the loss covers this turn."""
        return self.role == "assistant" and self.weight != 0

    @property
    def text(self) -> str:
        """What the turn says: its content, and its tool calls as canonical JSON without their ids."""
        if not self.tool_calls:
            return self.content
        plain = [{"name": call.name, "arguments": read_json(call.arguments)} for call in self.tool_calls]
        calls = canonical_json(plain).decode()
        return f"{self.content}\n{calls}" if self.content else calls


def read_json(text: str) -> Any:
    """Return a JSON text's value, or the text itself where it is no JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def is_plain_text(messages: tuple[Message, ...]) -> bool:
    """Return whether these are the one message of a plain text, and no conversation."""
    return bool(messages) and messages[0].role == TEXT_ROLE


def as_template_input(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Return messages as chat templates want them: dicts with role and content, and what tools need.

    ``developer`` is OpenAI's newer word for ``system``; templates of open models print nothing for it.
    Arguments are given as objects, as transformers asks for: templates write them as JSON themselves.
    """
    return [_as_dict(message) for message in messages]


def _as_dict(message: Message) -> dict[str, Any]:
    role = "system" if message.role == "developer" else message.role
    plain: dict[str, Any] = {"role": role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [_as_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        plain["tool_call_id"] = message.tool_call_id
    if message.name:
        plain["name"] = message.name
    return plain


def _as_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": read_json(call.arguments)}
    return {**({"id": call.id} if call.id else {}), "type": "function", "function": function}
