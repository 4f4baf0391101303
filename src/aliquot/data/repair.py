"""Mends rows whose meaning is plain but whose form is not: another tool's names, near misspellings, types.

Only asked for (``data.remedies: repair_rows``, ``aliquot check --fix``). What a row says is never changed,
guessed or completed: an empty answer stays an error, and so does a split called "eval".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import structs

from aliquot.core.conversation import ROLES
from aliquot.data.column_text import suggest
from aliquot.data.format import Number, Row
from aliquot.data.json_lines import as_text
from aliquot.data.other_names import KEY_NAMES, ROLE_NAMES, list_renamed
from aliquot.data.split_words import find_misspelt
from aliquot.data.validate import MESSAGE_KEYS

REPAIRABLE = frozenset(
    ("missing_messages", "unknown_role", "invalid_content", "invalid_weight", "unknown_split")
)
"""Codes of errors that a repair may cure."""


class Repair(NamedTuple):
    """One thing mended in a row: the field, and what stood and now stands there."""

    field: str
    before: Any
    after: Any


def repair_row(row: Row) -> tuple[Row, list[Repair]]:
    """Return the row mended, and what was mended; a row that needs nothing is returned as it is."""
    value, repairs = _rename(row.value, "", _near_top_key)
    if isinstance(value.get("messages"), list):
        messages = []
        for index, item in enumerate(value["messages"]):
            item, more = _repair_message(item, f"messages[{index}]")
            messages.append(item)
            repairs += more
        value = {**value, "messages": messages}
    word = value.get("split")
    near = find_misspelt(word)
    if near is not None:
        value = {**value, "split": near}
        repairs.append(Repair("split", word, near))
    return (structs.replace(row, value=value), repairs) if repairs else (row, [])


def _repair_message(item: Any, path: str) -> tuple[Any, list[Repair]]:
    if not isinstance(item, dict):
        return item, []
    item, repairs = _rename(item, f"{path}.", _near_message_key)
    for key, mend in (("role", _mend_role), ("content", _mend_content), ("weight", _mend_weight)):
        after = mend(item[key]) if key in item else None
        if key in item and (type(after), after) != (type(item[key]), item[key]):  # True == 1
            repairs.append(Repair(f"{path}.{key}", item[key], after))
            item = {**item, key: after}
    if item.get("weight") is not None and item.get("role") in ROLES and item["role"] != "assistant":
        repairs.append(Repair(f"{path}.weight", item["weight"], None))
        item = {key: part for key, part in item.items() if key != "weight"}
    return item, repairs


def _rename(
    value: dict[str, Any], path: str, find_name: Callable[[str, Any], str | None]
) -> tuple[dict[str, Any], list[Repair]]:
    """Return an object with its keys under their right names, where those are free."""
    names = list_renamed(value, lambda key: find_name(key, value[key]))
    repairs = [Repair(f"{path}{key}", key, name) for key, name in names.items()]
    return {names.get(key, key): item for key, item in value.items()}, repairs


def _near_top_key(key: str, item: Any) -> str | None:
    return "messages" if isinstance(item, list) and suggest(key, ["messages"]) else None


def _near_message_key(key: str, item: Any) -> str | None:
    known = KEY_NAMES.get(key)
    if known or key in MESSAGE_KEYS:
        return known
    return next((name for name in ("role", "content") if suggest(key, [name])), None)


def _mend_role(role: Any) -> Any:
    if not isinstance(role, str) or role in ROLES:
        return role
    plain = role.strip().casefold()
    return ROLE_NAMES.get(plain, plain if plain in ROLES else role)


def _mend_content(content: Any) -> Any:
    if isinstance(content, list) and content and all(_is_text_part(part) for part in content):
        return "".join(part["text"] for part in content)
    return as_text(content) if isinstance(content, (bool, int, Number)) else content


def _mend_weight(weight: Any) -> Any:
    text = weight.literal if isinstance(weight, Number) else str(weight).strip().casefold()
    return {"true": 1, "1": 1, "1.0": 1, "false": 0, "0": 0, "0.0": 0}.get(text, weight)


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
