"""Names of settings as people type them: ``learning_rate``, ``--learning-rate``, ``train.learning_rate``.

A short name belongs to the one basic setting of that name, or else to the only setting of that name.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from aliquot.config.schema import list_settings


def short_name(name: str) -> str:
    """Return the last part of a setting's full name."""
    return name.rpartition(".")[2]


def flag_name(name: str) -> str:
    """Return a setting's flag; durations are typed with their unit: ``--time-budget 5m``."""
    return "--" + short_name(name).removesuffix("_s").replace("_", "-")


def list_flags() -> dict[str, str]:
    """Return the flag of every basic setting, by full name; all others are given with ``--set``."""
    return {setting.name: flag_name(setting.name) for setting in list_settings() if setting.level == "basic"}


def full_name(name: str) -> str:
    """Return the full name of a setting; a name that is unknown or ambiguous is returned unchanged."""
    same = [setting for setting in list_settings() if name in (setting.name, short_name(setting.name))]
    found = same if len(same) == 1 else [setting for setting in same if setting.level == "basic"]
    return found[0].name if len(found) == 1 else name


def full_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their full names, those that are None left out."""
    return {full_name(name): value for name, value in settings.items() if value is not None}


def flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in groups, as they are stored, under their full names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= (
            {f"{name}.{key}": inner for key, inner in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat


def command_line(verb: str, arguments: list[str], settings: Mapping[str, Any]) -> str:
    """Return what to type for a verb with these settings (by full name), quoted for a shell."""
    words = ["aliquot", verb, *arguments]
    flags = list_flags()
    for name, value in settings.items():
        text = _typed(name, value)
        words += [flags[name], text] if name in flags else ["--set", f"{name}={text}"]
    return shlex.join(words)


def _typed(name: str, value: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}s" if name.endswith("_s") else str(value)
