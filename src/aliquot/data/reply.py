"""What a model replied, in the shapes in which services and their logs hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aliquot.core.conversation import Message, ToolCall
from aliquot.core.result import Status
from aliquot.data.json_lines import as_json, as_text


class Reply(NamedTuple):
    """A text and how answering ended."""

    text: str
    status: Status = "ok"


def read_reply(value: Any) -> Reply | None:
    """Return the reply in a value; None where there is none.

    Read are a text or number; a message; a chat completion; a response with ``output``; and an HTTP answer
    with one of these as its ``body``, as OpenAI's batches give it.

    >>> read_reply({"body": {"choices": [{"message": {"content": "high"}, "finish_reason": "stop"}]}})
    Reply(text='high', status='ok')
    """
    if isinstance(value, Mapping):
        return _read_object(value)
    if isinstance(value, list):
        return _read_parts(value)
    text = as_text(value)
    return Reply(text) if isinstance(text, str) else None


def _read_object(value: Mapping[str, Any]) -> Reply | None:
    if "body" in value:
        status = value.get("status_code")
        has_failed = isinstance(status, int) and status >= 400
        return Reply("", "error") if has_failed else read_reply(value["body"])
    if value.get("error"):
        return Reply("", "error")
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return _read_choice(choices[0])
    if isinstance(value.get("output"), list):
        reply = _read_parts([part for item in value["output"] for part in _parts_of(item)])
        return _cut(reply, value.get("status") == "incomplete")
    return _read_message(value)


def _read_choice(choice: Mapping[str, Any]) -> Reply | None:
    message, reason = choice.get("message"), choice.get("finish_reason")
    if isinstance(message, Mapping):
        # A service that was cut off before it said anything has answered with nothing.
        reply = _read_message(message) or (Reply("") if message.get("content") is None else None)
    else:
        reply = read_reply(choice.get("text"))
    if reply and reason == "content_filter":
        return Reply(reply.text, "refused")
    return _cut(reply, reason == "length")


def _cut(reply: Reply | None, is_cut: bool) -> Reply | None:
    return Reply(reply.text, "truncated") if reply and is_cut else reply


def _read_message(message: Mapping[str, Any]) -> Reply | None:
    content, calls = message.get("content"), message.get("tool_calls")
    if message.get("refusal"):
        return Reply(str(content or message["refusal"]), "refused")
    if isinstance(calls, list) and calls:
        read = tuple(_read_call(call) for call in calls if isinstance(call, Mapping))
        said = content if isinstance(content, str) else ""
        return Reply(Message("assistant", said, tool_calls=read).text)
    return None if isinstance(content, Mapping) else read_reply(content)


def _read_call(call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    arguments = function.get("arguments", "")
    return ToolCall(
        name=str(function.get("name", "")),
        arguments=arguments if isinstance(arguments, str) else as_json(arguments),
    )


def _read_parts(parts: list[Any]) -> Reply | None:
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if _has_text(part)]
    return Reply("".join(texts)) if texts else None


def _parts_of(item: Any) -> list[Any]:
    content = item.get("content") if isinstance(item, Mapping) else None
    return content if isinstance(content, list) else []


def _has_text(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, Mapping) and isinstance(part.get("text"), str))
