"""ShareGPT rows: ``{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import read_json
from aliquot.core.dataset import Example
from aliquot.data.chat_keys import OVERWRITTEN, set_beside
from aliquot.data.format import Problem, Row, Shape
from aliquot.data.other_names import KEY_NAMES, ROLE_NAMES, list_renamed
from aliquot.data.shapes import json_lines_format
from aliquot.data.writing import explain_chat, explain_texts, extras, json_lines_writer

_KEY = "conversations"
_USED = frozenset((_KEY, "system", "tools", "functions"))
_CALL = "function_call"
"""Who speaks when the assistant calls tools."""
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}
_PLACE = re.compile(r"messages\[(\d+)\](.*)")


class _Names(dict[str, str]):
    """What the file calls the fields of a chat line: ``messages[1].role`` is ``conversations[1].from``."""

    def __init__(self, num_before: int) -> None:
        super().__init__()
        self._num_before = num_before  # messages put before the first of the list

    def get(self, key: str, default: Any = None) -> Any:
        place = _PLACE.fullmatch(key)
        if place is None:
            return default
        index = int(place[1]) - self._num_before
        rest = {".content": ".value", ".role": ".from"}.get(place[2], place[2])
        return "system" if index < 0 else f"{_KEY}[{index}]{rest}"


_NAMES = (_Names(0), _Names(1))


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with ``conversations``."""
    count = sum(isinstance(value.get(_KEY), list) and "messages" not in value for value in objects)
    if count == 0 or settings.prompt or settings.answer:
        return None
    return Shape('"conversations"', count, _read_object)


def _read_object(line: int, value: dict[str, Any]) -> Iterator[Row | Problem]:
    turns = value.get(_KEY)
    if not isinstance(turns, list):
        found = ", ".join(list(value)[:10]) or "none"
        message = f'"{_KEY}" is missing or no list. Found keys: {found}.'
        yield Problem(code="missing_field", message=message, line=line, field=_KEY)
        return
    messages = [_read_turn(turn) for turn in turns]
    system = value.get("system")
    rest = {key: item for key, item in value.items() if key not in (_KEY, "system")}
    if system:
        messages.insert(0, {"role": "system", "content": system})
    rest, notes = set_beside(line, rest, OVERWRITTEN)
    yield from notes
    yield Row(line, {**rest, "messages": messages}, _NAMES[bool(system)], value, _USED)


def _read_turn(turn: object) -> object:
    if not isinstance(turn, dict):
        return turn
    names = list_renamed(turn, KEY_NAMES.get)
    message = {names.get(key, key): item for key, item in turn.items()}
    speaker = message.get("role")
    if speaker == _CALL:
        return message | _as_calls(message.get("content"))
    return message | ({"role": ROLE_NAMES.get(speaker, speaker)} if isinstance(speaker, str) else {})


def _as_calls(content: Any) -> dict[str, Any]:
    call = read_json(content) if isinstance(content, str) else content
    return {"role": "assistant", "content": None, "tool_calls": call if isinstance(call, list) else [call]}


def _explain(example: Example) -> str:
    return explain_chat(example) or explain_texts(example, tuple(_SPEAKERS))


def _as_object(example: Example) -> dict[str, Any]:
    turns = [{"from": _SPEAKERS[item.role], "value": item.content} for item in example.messages]
    return {_KEY: turns, **extras(example)}


FORMAT = json_lines_format(
    "sharegpt",
    "ShareGPT, JSON Lines",
    find_shape,
    expected='Give every row "conversations".',
    mark=b'"conversations"',
    writer=json_lines_writer(_as_object, _explain),
)
