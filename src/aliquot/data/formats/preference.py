"""A preferred and a rejected answer, as OpenAI (``input``, ``preferred_output``) and TRL have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import read_json
from aliquot.core.dataset import Example
from aliquot.data.chat_keys import CHAT_KEYS, OVERWRITTEN, set_beside
from aliquot.data.columns import as_turns
from aliquot.data.format import Problem, Row, Shape
from aliquot.data.shapes import json_lines_format
from aliquot.data.writing import as_message, explain_chat, extras, json_lines_writer

_PAIRS = (
    ("preferred_output", "non_preferred_output"),
    ("preferred_completion", "non_preferred_completion"),
    ("chosen", "rejected"),
)
_TOOLS = ("tools", "functions", "parallel_tool_calls")


def find_shape(objects: Sequence[Mapping[str, Any]], settings: DataSettings) -> Shape | None:
    """Recognise objects with a preferred and a rejected answer."""
    found = [pair for value in objects if "messages" not in value and (pair := _find_pair(value))]
    if not found or settings.prompt or settings.answer:
        return None
    return Shape(f'"{found[0][0]}" and "{found[0][1]}"', len(found), _read_object)


def _find_pair(value: Mapping[str, Any]) -> tuple[str, str] | None:
    return next((pair for pair in _PAIRS if pair[0] in value and pair[1] in value), None)


def _read_object(line: int, value: dict[str, Any]) -> Iterator[Row | Problem]:
    pair = _find_pair(value)
    if pair is None:
        found = ", ".join(list(value)[:10]) or "none"
        message = f"There is no preferred and rejected answer. Found keys: {found}."
        yield Problem(code="missing_field", message=message, line=line, field=_PAIRS[-1][0])
        return
    prompt = _read_prompt(value)
    chosen, rejected = (as_turns(value[key], "assistant") for key in pair)
    num_shared = _count_shared(chosen, rejected)
    chosen, rejected, shared = chosen[num_shared:], rejected[num_shared:], chosen[:num_shared]
    if len(chosen) != 1 or len(rejected) != 1:
        counts = f"{len(chosen)} and {len(rejected)} messages"
        message = f"Beyond what they share, the answers have {counts}; expected one answer in each."
        yield Problem(code="invalid_preference", message=message, line=line, field=pair[0])
        return
    given = value.get("input")
    tools = {key: given[key] for key in _TOOLS if key in given} if isinstance(given, dict) else {}
    used = frozenset((*pair, _find_prompt(value), "system"))
    rest = {key: item for key, item in value.items() if key not in used}
    is_chat = any(isinstance(value.get(key), (list, dict)) for key in used)
    rest, notes = set_beside(line, rest, OVERWRITTEN | {"rejected_message"} if is_chat else CHAT_KEYS)
    yield from notes
    messages = [*_without(prompt, shared), *shared, *chosen]
    names = {f"messages[{len(messages) - 1}].content": pair[0], "rejected_message.content": pair[1]}
    row = {**rest, **tools, "messages": messages, "rejected_message": rejected[0]}
    yield Row(line, row, names, value, used)


def _find_prompt(value: Mapping[str, Any]) -> str:
    return "input" if "input" in value else "prompt"


def _read_prompt(value: Mapping[str, Any]) -> list[Any]:
    given = value.get(_find_prompt(value))
    if isinstance(given, dict):
        messages = given.get("messages")
        given = messages if isinstance(messages, list) else None
    turns = as_turns(given, "user") if given is not None else []
    system = value.get("system")
    return [{"role": "system", "content": system}, *turns] if system else turns


def _count_shared(chosen: Sequence[Any], rejected: Sequence[Any]) -> int:
    """Return how many messages both begin with; TRL lets both repeat the prompt."""
    most = min(len(chosen), len(rejected)) - 1
    return next((place for place in range(most) if chosen[place] != rejected[place]), max(most, 0))


def _without(prompt: list[Any], shared: Sequence[Any]) -> list[Any]:
    """Return what of the prompt the answers do not repeat."""
    repeated = [turn for turn in prompt if turn in shared]
    return [] if len(repeated) == len(prompt) else prompt


def _explain(example: Example) -> str:
    return explain_chat(example) or ("" if example.rejected is not None else "it has no rejected answer")


def _as_object(example: Example) -> dict[str, Any]:
    given: dict[str, Any] = {"messages": [as_message(message) for message in example.prompt]}
    if example.tools:
        given["tools"] = read_json(example.tools)
    assert example.rejected is not None  # _explain refuses the others
    return {
        "input": given,
        "preferred_output": [as_message(example.messages[-1])],
        "non_preferred_output": [as_message(example.rejected)],
        **extras(example),
    }


FORMAT = json_lines_format(
    "preference",
    "preferred and rejected answers, JSON Lines",
    find_shape,
    expected="Give every row one of these pairs: " + ", ".join("/".join(pair) for pair in _PAIRS) + ".",
    is_flat=True,
    writer=json_lines_writer(_as_object, _explain),
)
