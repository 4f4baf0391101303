"""The keys that mean something in a chat line; in other rows a column of that name is only a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aliquot.data.format import CONVERSATION_KEYS, Problem

MEDIA_KEYS = frozenset(("audio", "image", "images", "videos"))
CHAT_KEYS = CONVERSATION_KEYS | MEDIA_KEYS | {"metadata"}
"""All but ``split``, which names the split in rows of every shape."""
OVERWRITTEN = frozenset(("messages", "metadata"))
"""Those that are only columns even beside a conversation, which is not under ``messages``."""


def set_beside(
    line: int, rest: Mapping[str, Any], taken: frozenset[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """Put columns whose names are taken under ``metadata``, as they are, so that none is read as more.

    An object called ``metadata`` is left: so Aliquot itself writes what stands beside a conversation.

    Args:
        line: The row's line.
        rest: The columns that are no part of the conversation.
        taken: Names that have a meaning in a chat line.

    Returns:
        The columns, and a note for each that was put away.
    """
    inner = rest.get("metadata")
    has_inner = isinstance(inner, dict)
    moved = [key for key in rest if key in taken and not (has_inner and key == "metadata")]
    if not moved:
        return dict(rest), []
    kept = {key: item for key, item in rest.items() if key not in moved}
    kept["metadata"] = {**(inner if has_inner else {}), **{key: rest[key] for key in moved}}
    return kept, [_note(line, key) for key in moved if rest[key] is not None]


def describe_kept(key: str) -> str:
    """Return in words that a key is kept as metadata."""
    return f'The key "{key}" is kept as metadata; the model does not see it.'


def _note(line: int, key: str) -> Problem:
    return Problem(
        code="unknown_key", severity="note", message=describe_kept(key), line=line, field=key, kind=key
    )
