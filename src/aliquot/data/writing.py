"""Examples as objects of a file, and why some cannot be; used by the formats that are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aliquot.core.conversation import TEXT_ROLE, Message, ToolCall, read_json
from aliquot.core.dataset import Example
from aliquot.core.records import encode
from aliquot.data.format import Writer

AsObject = Callable[[Example], dict[str, Any]]


def as_chat(example: Example) -> dict[str, Any]:
    """Return an example as a chat line."""
    value: dict[str, Any] = {"messages": [as_message(message) for message in example.messages]}
    if example.tools:
        value["tools"] = read_json(example.tools)
    if example.rejected is not None:
        value["rejected_message"] = as_message(example.rejected)
    return {**value, **extras(example)}


def as_message(message: Message) -> dict[str, Any]:
    """Return a message as OpenAI writes it."""
    has_text = bool(message.content) or not message.tool_calls
    value: dict[str, Any] = {"role": message.role, "content": message.content if has_text else None}
    if message.weight is not None:
        value["weight"] = message.weight
    if message.tool_calls:
        value["tool_calls"] = [_as_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        value["tool_call_id"] = message.tool_call_id
    if message.name:
        value["name"] = message.name
    return value


def _as_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {**({"id": call.id} if call.id else {}), "type": "function", "function": function}


def extras(example: Example) -> dict[str, Any]:
    """Return what stands beside the conversation: split and metadata."""
    value: dict[str, Any] = {}
    if example.split:
        value["split"] = example.split
    if example.metadata:
        value["metadata"] = example.metadata
    return value


def json_lines_writer(
    as_object: AsObject, explain: Callable[[Example], str], suffixes: tuple[str, ...] = ()
) -> Writer:
    """Return the writer of JSON Lines, one object an example."""

    def write(examples: Sequence[Example], filename: str) -> Iterator[bytes]:
        for example in examples:
            yield encode(as_object(example)) + b"\n"

    return Writer(explain, write, suffixes)


def explain_chat(example: Example) -> str:
    """Say why an example is no chat line."""
    return "it is a plain text, not a conversation" if example.messages[0].role == TEXT_ROLE else ""


def explain_texts(example: Example, roles: Sequence[str]) -> str:
    """Say why an example is more than texts of some roles."""
    if example.tools or any(message.tool_calls or message.tool_call_id for message in example.messages):
        return "it has tools"
    if example.rejected is not None:
        return "it has a rejected answer"
    if any(message.weight is not None for message in example.messages):
        return "it has weights"
    if any(message.name for message in example.messages):
        return "it names speakers"
    odd = next((message.role for message in example.messages if message.role not in roles), "")
    return f"it has a message of the role {odd}" if odd else ""


def explain_pair(example: Example) -> str:
    """Say why an example is more than a prompt and an answer, after a system prompt or none."""
    reason = explain_chat(example) or explain_texts(example, ("system", "user", "assistant"))
    if reason:
        return reason
    turns = [message.role for message in example.messages]
    if turns not in (["user", "assistant"], ["system", "user", "assistant"]):
        return f"it has {len(turns)} messages: {', '.join(turns)}"
    is_blank = turns[0] == "system" and not example.messages[0].content
    return "its system prompt is empty, which would read as none" if is_blank else ""


def as_pair(example: Example) -> tuple[str, str, str]:
    """Return the system prompt (empty when there is none), the prompt and the answer."""
    *system, prompt, answer = (message.content for message in example.messages)
    return (system[0] if system else "", prompt, answer)
