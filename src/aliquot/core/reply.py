"""What a model replied, as OpenAI's chat completions hold it: one reading for services and for files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aliquot.core.conversation import Message, ToolCall
from aliquot.core.records import encode
from aliquot.core.result import Status

Write = Callable[[Any], str]
"""A decoded JSON value → its JSON text."""


class Reply(NamedTuple):
    """A text and how answering ended."""

    text: str
    status: Status = "ok"


def _write(value: Any) -> str:
    return encode(value).decode()


def read_choice(choice: Mapping[str, Any], write: Write = _write) -> Reply | None:
    """Return the reply in one of a completion's choices; None where it holds no text.

    >>> read_choice({"message": {"content": "hi"}, "finish_reason": "length"})
    Reply(text='hi', status='truncated')
    """
    message, text, reason = choice.get("message"), choice.get("text"), choice.get("finish_reason")
    if isinstance(message, Mapping):
        # A service that was cut off before it said anything has answered with nothing.
        reply = read_message(message, write) or (Reply("") if message.get("content") is None else None)
    else:
        reply = Reply(text) if isinstance(text, str) else None
    if reply and reason == "content_filter":
        return Reply(reply.text, "refused")
    return cut_off(reply) if reason == "length" else reply


def read_message(message: Mapping[str, Any], write: Write = _write) -> Reply | None:
    """Return the reply in an assistant's message: its refusal, its tool calls as text, or its content."""
    content, calls = message.get("content"), message.get("tool_calls")
    if message.get("refusal"):
        return Reply(str(content or message["refusal"]), "refused")
    if isinstance(calls, list) and calls:
        read = tuple(_read_call(call, write) for call in calls if isinstance(call, Mapping))
        said = content if isinstance(content, str) else ""
        return Reply(Message("assistant", said, tool_calls=read).text)
    if isinstance(content, list):
        return read_parts(content)
    return Reply(content) if isinstance(content, str) else None


def read_parts(parts: list[Any]) -> Reply | None:
    """Return the texts of a content in parts as one; None where no part is a text."""
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if _has_text(part)]
    return Reply("".join(texts)) if texts else None


def cut_off(reply: Reply | None) -> Reply | None:
    """Return a reply as one that reached its limit; one that was refused stays so."""
    return Reply(reply.text, "truncated") if reply and reply.status == "ok" else reply


def _read_call(call: Mapping[str, Any], write: Write) -> ToolCall:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    arguments = function.get("arguments", "")
    return ToolCall(
        name=str(function.get("name", "")),
        arguments=arguments if isinstance(arguments, str) else write(arguments),
    )


def _has_text(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, Mapping) and isinstance(part.get("text"), str))
