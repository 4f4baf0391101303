"""The names of settings as people type them: ``learning_rate`` and ``--learning-rate`` for ``train.learning_rate``.

A short name belongs to the one basic setting of that name, or else to the only setting of that name.
"""

from __future__ import annotations

import shlex
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from aliquot.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingName:
    """One setting as the schema declares it.

    Attributes:
        dotted: Its full name, for example ``train.time_budget_s``.
        kind: Type of its value without the None that means automatic.
    """

    dotted: str
    kind: Any
    is_basic: bool
    unit: str
    help: str

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.dotted.rpartition(".")[2]

    @property
    def flag(self) -> str:
        """The name on the command line; durations are typed with their unit (``--time-budget 5m``)."""
        return "--" + self.short.removesuffix("_s").replace("_", "-")

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed, when the schema lists them."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()


@cache
def list_settings() -> tuple[SettingName, ...]:
    """Return every setting, in the order of the schema."""
    return tuple(_walk(Settings, ""))


def list_basic_settings() -> tuple[SettingName, ...]:
    """Return the settings that have a flag of their own."""
    return tuple(setting for setting in list_settings() if setting.is_basic)


def dotted_name(name: str) -> str:
    """Return the full name of a setting; a name that is unknown or ambiguous is returned unchanged."""
    same = [setting for setting in list_settings() if name in (setting.dotted, setting.short)]
    basic = [setting for setting in same if setting.is_basic]
    found = same if len(same) == 1 else basic
    return found[0].dotted if len(found) == 1 else name


def dotted_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their full names, those that are None left out."""
    return {dotted_name(name): value for name, value in settings.items() if value is not None}


def command_line(verb: str, arguments: list[str], settings: Mapping[str, Any]) -> str:
    """Return what to type for a verb with these settings (by full name), quoted for a shell."""
    words = ["aliquot", verb, *arguments]
    flags = {setting.dotted: setting.flag for setting in list_basic_settings()}
    for name, value in settings.items():
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        words += [flags[name], text] if name in flags else ["--set", f"{name}={text}"]
    return shlex.join(words)


def _walk(group: type, prefix: str) -> Iterator[SettingName]:
    for name, field in group.model_fields.items():  # type: ignore[attr-defined]
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            yield from _walk(field.annotation, f"{prefix}{name}.")
            continue
        extra = field.json_schema_extra or {}
        yield SettingName(
            dotted=prefix + name,
            kind=_without_none(field.annotation),
            is_basic=extra.get("level") == "basic",
            unit=extra.get("unit", ""),
            help=field.description or "",
        )


def _without_none(annotation: Any) -> Any:
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    kind = kinds[0] if isinstance(annotation, types.UnionType | type(Union[int, None])) else annotation  # noqa: UP007
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind
