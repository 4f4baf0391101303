"""Records described by themselves: names, types and meanings of fields, read from their classes.

Used for the reference pages and for the test that pins the stored format.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

_ENTRY = re.compile(r"^([a-z_]+(?:, [a-z_]+)*): (.*)$")


@dataclass(frozen=True, slots=True)
class FieldText:
    """One field of a record, as text."""

    name: str
    type: str
    meaning: str


def list_records(*roots: type) -> list[type]:
    """Return the records that the roots are made of, the roots included, in the order they are met."""
    found: dict[type, None] = {}
    waiting = list(roots)
    while waiting:
        record = waiting.pop(0)
        if record not in found:
            found[record] = None
            hints = typing.get_type_hints(record)
            waiting += [part for hint in hints.values() for part in _parts(hint) if _is_record(part)]
    return list(found)


def describe_fields(record: type) -> list[FieldText]:
    """Return a record's fields in order."""
    hints, meanings = typing.get_type_hints(record), _read_meanings(record)
    return [
        FieldText(name, describe_type(hints[name]), meanings.get(name, "")) for name in _list_names(record)
    ]


def _is_record(part: Any) -> bool:
    return dataclasses.is_dataclass(part) or (isinstance(part, type) and issubclass(part, msgspec.Struct))


def _list_names(record: type) -> list[str]:
    if issubclass(record, msgspec.Struct):
        return list(record.__struct_fields__)
    return [field.name for field in dataclasses.fields(record)]


def describe_type(hint: Any) -> str:
    """Return a type as JSON knows it: tuples are lists; literals show their values."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("null" if part is type(None) else describe_type(part) for part in arguments)
    if origin is typing.Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin in (tuple, list):
        return f"list of {describe_type(arguments[0])}"
    if origin is dict:
        return f"object of {describe_type(arguments[1])}"
    return {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any"}.get(
        hint, getattr(hint, "__name__", str(hint))
    )


def first_paragraph(record: type) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(inspect.cleandoc(record.__doc__ or "").partition("\n\n")[0].split())


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in typing.get_args(hint):
        yield from _parts(part)


def _read_meanings(record: type) -> dict[str, str]:
    return {**_read_attributes_section(record), **_read_strings_under_fields(record)}


def _read_attributes_section(record: type) -> dict[str, str]:
    section = inspect.cleandoc(record.__doc__ or "").partition("Attributes:\n")[2]
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in textwrap.dedent(section).splitlines():
        entry = _ENTRY.match(line)
        if entry:
            names = entry[1].split(", ")
            meanings.update(dict.fromkeys(names, entry[2]))
        elif line.startswith(" "):
            for name in names:
                meanings[name] += f" {line.strip()}"
    return meanings


def _read_strings_under_fields(record: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(tree, ast.ClassDef)
    meanings = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            string = text.value if isinstance(text, ast.Expr) else None
            if isinstance(string, ast.Constant) and isinstance(string.value, str):
                meanings[field.target.id] = " ".join(string.value.split())
    return meanings
