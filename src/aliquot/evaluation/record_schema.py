"""What JSON records have in common: which keys, which of them always, and values of which types.

Inferred from the training references, so that "valid" means "of the form that was shown". Called when a
run is scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aliquot.core.json_record import is_number, load_record


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """The form of records, by path; the items of a list share the path ``events[]``.

    Attributes:
        types: Types of the values at each path: object, list, text, number, boolean, null.
        required: Keys that every object at a path has.
    """

    types: dict[str, set[str]] = field(default_factory=dict)
    required: dict[str, set[str]] = field(default_factory=dict)


def infer_schema(records: Iterable[str]) -> RecordSchema:
    """Return the form that all of these records have, given as `read_record` writes them."""
    schema = RecordSchema()
    for record in records:
        _learn(schema, load_record(record), "")
    return schema


def is_valid(record: str, schema: RecordSchema) -> bool:
    """Return whether a record has every required key, no unknown one, and values of known types."""
    return _fits(load_record(record), schema, "")


def _learn(schema: RecordSchema, value: Any, path: str) -> None:
    schema.types.setdefault(path, set()).add(_name_type(value))
    if isinstance(value, dict):
        schema.required[path] = schema.required.get(path, set(value)) & value.keys()
    for inner, part in _list_parts(value, path):
        _learn(schema, part, inner)


def _fits(value: Any, schema: RecordSchema, path: str) -> bool:
    if _name_type(value) not in schema.types.get(path, ()):
        return False
    if isinstance(value, dict) and not schema.required[path] <= value.keys():
        return False
    return all(_fits(part, schema, inner) for inner, part in _list_parts(value, path))


def _list_parts(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{path}.{key}", part) for key, part in value.items()]
    return [(f"{path}[]", part) for part in value] if isinstance(value, list) else []


def _name_type(value: Any) -> str:
    if is_number(value):
        return "number"
    names = {dict: "object", list: "list", str: "text", bool: "boolean"}
    return names.get(type(value), "null")
