"""What a model replied, in the shapes in which logs and result files of services hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aliquot.core.reply import Reply, cut_off, read_choice, read_message, read_parts
from aliquot.data.json_lines import as_json, as_text


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
        return read_parts(value)
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
        return read_choice(choices[0], as_json)
    if isinstance(value.get("output"), list):
        reply = read_parts([part for item in value["output"] for part in _parts_of(item)])
        return cut_off(reply) if value.get("status") == "incomplete" else reply
    content = value.get("content")
    # In a log the content may be a number.
    return read_message(value, as_json) or (None if isinstance(content, Mapping) else read_reply(content))


def _parts_of(item: Any) -> list[Any]:
    content = item.get("content") if isinstance(item, Mapping) else None
    return content if isinstance(content, list) else []
