"""The message for a setting that cannot be taken: field, found, expected, range, and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from aliquot.config.schema import get_setting, list_settings
from aliquot.config.settings import Settings
from aliquot.errors import InputError

Fault = tuple[str, str, Any]
"""Dotted name, pydantic's error type (``extra_forbidden`` for an unknown name), value found."""

MAX_VALUE_CHARS = 60


def refuse(faults: Sequence[Fault], lines: Mapping[str, int], file: str) -> InputError:
    """Return the error for the first fault; further faults are told in its message.

    Args:
        faults: At least one.
        lines: 1-based line of the file by dotted name.
        file: Path of the settings file; empty for flags.
    """
    (name, message, hint), *others = [_describe(fault) for fault in faults]
    more = "".join(f" Also: {other}: {text} {advice}".rstrip() for other, text, advice in others)
    return InputError(
        message + more,
        code="setting_unknown" if _is_unknown(faults[0]) else "setting_invalid",
        location=f"{file}:{lines[name]}: {name}" if name in lines else name,
        hint=hint,
    )


def suggest(name: str) -> list[str]:
    """Return names that an unknown one may have meant, best first, at most three.

    A right key in the wrong group or without a group is found by the key alone.
    """
    known = [record.name for record in list_settings()] + _groups()
    by_key: dict[str, list[str]] = {}
    for candidate in known:
        by_key.setdefault(candidate.rpartition(".")[2], []).append(candidate)
    key = name.rpartition(".")[2]
    near_names = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    near_keys = difflib.get_close_matches(key, by_key, n=1, cutoff=0.7)
    found = by_key.get(key) or near_names or [full for near in near_keys for full in by_key[near]]
    return found[:3]


def _describe(fault: Fault) -> tuple[str, str, str]:
    name, _, value = fault
    if _is_unknown(fault):
        return name, "There is no such setting.", _hint_unknown(name)
    if name in _groups():
        return name, f"Found {_shown(value)}, expected a group of settings, one per line.", _hint_group(name)
    record = get_setting(name)
    return name, f"Found {_shown(value)}, expected {record.expected}.", f"It means: {record.help}"


def _is_unknown(fault: Fault) -> bool:
    return fault[1] in ("extra_forbidden", "invalid_key", "unknown")


def _hint_unknown(name: str) -> str:
    near = suggest(name)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    group = name.partition(".")[0]
    if group in _groups():
        return _hint_group(group)
    return f"The groups are {', '.join(_groups())}; base stands alone."


def _hint_group(group: str) -> str:
    keys = (record.name.split(".")[1] for record in list_settings() if record.name.startswith(f"{group}."))
    return f"Settings of {group}: {', '.join(keys)}."


def _groups() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if field.default is not None]


def _shown(value: Any) -> str:
    text = repr(value)
    kind = {str: "text", bool: "true or false", list: "a list", dict: "a group"}.get(type(value), "")
    short = text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}…"
    return f"{short} ({kind})" if kind else short
