"""The settings as a flat list of records: what error messages, documentation and pages are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aliquot.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRecord:
    """One setting, as a row of the settings reference.

    Attributes:
        name: Dotted name, for example ``train.learning_rate``.
        type: The kind of value in words, for example ``a whole number``.
        allowed: The range in words; empty when any value of the type will do.
        unit: ``s``, ``tokens``, ``rows``, ``steps``, or empty.
        level: ``basic`` or ``advanced``.
        help: One line.
    """

    name: str
    type: str
    allowed: str
    unit: str
    level: str
    help: str

    @property
    def expected(self) -> str:
        """What may be given, as it stands in an error message."""
        unit = f" of {self.unit}" if self.unit and "number" in self.type else ""
        return f"{self.type}{unit}{', ' if self.allowed else ''}{self.allowed}"


@lru_cache(maxsize=1)
def list_settings() -> tuple[SettingRecord, ...]:
    """Return every setting in the order of the schema."""
    schema = Settings.model_json_schema()
    records: list[SettingRecord] = []
    for name, field in schema["properties"].items():
        if "$ref" not in field:
            records.append(_record(name, field))
            continue
        group = schema["$defs"][field["$ref"].rpartition("/")[2]]
        records += [_record(f"{name}.{key}", inner) for key, inner in group["properties"].items()]
    return tuple(records)


def get_setting(name: str) -> SettingRecord:
    """Return the record of one setting.

    Raises:
        KeyError: No setting has this dotted name.
    """
    for record in list_settings():
        if record.name == name:
            return record
    raise KeyError(name)


def _record(name: str, field: dict[str, Any]) -> SettingRecord:
    value = next(branch for branch in field["anyOf"] if branch["type"] != "null")
    kind, allowed = _in_words(value)
    return SettingRecord(
        name=name,
        type=kind,
        allowed=allowed,
        unit=field.get("unit", ""),
        level=field.get("level", ""),
        help=field.get("description", ""),
    )


def _in_words(value: dict[str, Any]) -> tuple[str, str]:
    if value["type"] == "array":
        kind, allowed = _in_words(value["items"])
        return f"a list, each {kind}", allowed
    if "enum" in value:
        return f"one of {', '.join(value['enum'])}", ""
    return _NAMES[value["type"]], _range_in_words(value)


def _range_in_words(value: dict[str, Any]) -> str:
    if "maxLength" in value:
        return f"{value['minLength']} to {value['maxLength']} characters"
    parts = [f"{words} {_plain(value[key])}" for key, words in _BOUNDS.items() if key in value]
    return " and ".join(parts)


def _plain(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


_NAMES = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
