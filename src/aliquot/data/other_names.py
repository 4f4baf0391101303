"""What other tools call the roles and the keys of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ROLE_NAMES = {
    "human": "user",
    "person": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
"""Who speaks, in the spellings of ShareGPT's descendants and of others."""
KEY_NAMES = {"from": "role", "value": "content", "text": "content"}


def list_renamed(value: Mapping[str, Any], find_name: Callable[[str], str | None]) -> dict[str, str]:
    """Return the keys of an object that get another name; two keys never become one."""
    names: dict[str, str] = {}
    for key in value:
        name = find_name(key)
        if name and name not in value and name not in names.values():
            names[key] = name
    return names
