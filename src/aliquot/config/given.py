"""What the user gave: a settings file and flags become one ``Settings``, each value with its origin.

Flags win over the file, the file over automatic. Unknown keys, wrong types and values out of range are
refused by name, with the line of the file and, for a misspelt name, the name that was probably meant.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode

from aliquot.config.refusal import refuse
from aliquot.config.schema import list_settings
from aliquot.config.settings import Settings
from aliquot.core.plan import SetBy
from aliquot.errors import InputError

MAX_FILE_BYTES = 1_000_000
"""Far above any settings file; a data file given by mistake is refused before it is parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSettings:
    """The settings a person gave.

    Attributes:
        settings: What was given; None means automatic.
        origins: Who set it, by dotted name, for every value that is not automatic.
        file: Path of the settings file, empty without one.
    """

    settings: Settings = field(default_factory=Settings)
    origins: dict[str, SetBy] = field(default_factory=dict)
    file: str = ""

    def find(self, name: str) -> Any:
        """Return the value given for a dotted name, or None when it is automatic."""
        value: Any = self.settings
        for part in name.split("."):
            value = getattr(value, part)
        return value


def load_given(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> GivenSettings:
    """Read a settings file and lay flags over it.

    Args:
        file: A YAML file with the groups of ``Settings``; None for none.
        flags: Values by dotted name; None values count as not given.

    Raises:
        InputError: The file is missing or not YAML, a key is unknown, or a value does not fit.
    """
    tree, lines = _read_file(file) if file else ({}, {})
    settings = _validate(tree, lines, str(file or ""))
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    if given:
        settings = _validate(_overlay(settings, given), {}, "")
    origins: dict[str, SetBy] = {name: "you" if name in given else "file" for name in _list_given(settings)}
    return GivenSettings(settings=settings, origins=origins, file=str(file or ""))


def add_flags(given: GivenSettings, flags: Mapping[str, Any], *, origin: SetBy) -> GivenSettings:
    """Lay further values over settings that were read.

    Args:
        given: What was given.
        flags: Values by dotted name.
        origin: Who set them.

    Raises:
        InputError: A key is unknown or a value does not fit.
    """
    settings = _validate(_overlay(given.settings, flags), {}, "")
    origins = {**given.origins, **dict.fromkeys(flags, origin)}
    return replace(given, settings=settings, origins=origins)


def export_yaml(settings: Settings) -> str:
    """Return the settings as a YAML file that loads again unchanged; automatic ones are left out."""
    plain = settings.model_dump(exclude_none=True)
    tree = {name: value for name, value in plain.items() if value != {}}
    if not tree:
        return "# Every setting is automatic.\n"
    text = io.StringIO()
    yaml = _yaml()
    yaml.default_flow_style = False
    yaml.allow_unicode = False  # escapes keep line separators and invisible characters intact
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 10_000
    yaml.dump(tree, text)
    return text.getvalue()


def _yaml() -> YAML:
    # The safe loader builds plain values only: a tag such as !!python/object is an error, never a call.
    return YAML(typ="safe", pure=True)


def _read_file(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    text = _read_text(file)
    try:
        tree = _yaml().load(text)
        lines = _list_lines(_yaml().compose(text))
    except (YAMLError, RecursionError, ValueError) as error:
        line, problem = _explain(error)
        raise InputError(
            f"This is not a settings file in YAML: {problem}.",
            code="settings_not_yaml",
            location=f"{file}:{line}" if line else str(file),
            hint="Write one `name: value` per line, indented under its group, without tags.",
        ) from error
    if tree is not None and not isinstance(tree, dict):
        raise InputError(
            f"Found a {type(tree).__name__}, expected groups of settings such as `train:`.",
            code="settings_not_groups",
            location=str(file),
            hint="Put each value under its group: `train:`, and on the next line `  num_epochs: 3`.",
        )
    return tree or {}, lines


def _read_text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(
                f"The file has {size:,} bytes; a settings file has at most {MAX_FILE_BYTES:,}.",
                code="settings_too_large",
                location=str(file),
                hint="Is this the data file? A settings file is a few lines of YAML.",
            )
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(
            f"The settings file cannot be read: {reason}.",
            code="settings_unreadable",
            location=str(file),
            hint="Check the path; without a settings file every setting is automatic.",
        ) from error


def _explain(error: Exception) -> tuple[int, str]:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return error.problem_mark.line + 1, " ".join(str(error.problem).split())
    if isinstance(error, RecursionError):
        return 0, "it is nested too deeply"
    return 0, str(error).splitlines()[0]


def _list_lines(node: Any, prefix: str = "") -> dict[str, int]:
    """Return the 1-based line of every key, by dotted name, two levels deep."""
    lines: dict[str, int] = {}
    for key, value in node.value if isinstance(node, MappingNode) else ():
        name = f"{prefix}{key.value}"
        lines[name] = key.start_mark.line + 1
        if not prefix:
            lines.update(_list_lines(value, f"{name}."))
    return lines


def _overlay(settings: Settings, flags: Mapping[str, Any]) -> dict[str, Any]:
    tree = settings.model_dump(exclude_none=True)
    for name, value in flags.items():
        group, _, key = name.rpartition(".")
        place = tree.setdefault(group, {}) if group else tree
        if not isinstance(place, dict):  # a flag such as base.seed
            raise refuse([(name, "unknown", value)], {}, "")
        place[key] = value
    return tree


def _validate(tree: dict[str, Any], lines: dict[str, int], file: str) -> Settings:
    # A group left empty in the file (`train:`) is an empty group, not a wrong value.
    groups = {name for name, info in Settings.model_fields.items() if info.default is not None}
    tidy = {str(key): {} if value is None and key in groups else value for key, value in tree.items()}
    try:
        return Settings.model_validate(tidy)
    except ValidationError as error:
        faults = [(_name(item["loc"]), item["type"], item["input"]) for item in error.errors()]
        raise refuse(faults, lines, file) from error


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[:2])


def _list_given(settings: Settings) -> list[str]:
    given = GivenSettings(settings=settings)
    return [record.name for record in list_settings() if given.find(record.name) is not None]
