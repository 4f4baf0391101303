"""What a data format is: the records that a file in ``formats/`` fills and ``read.py`` uses.

A format recognises its files from the first lines and turns them into rows of one shape, that of a
chat line: ``{"messages": [...], "split": ..., "metadata": {...}, other keys}``. What it cannot read
it yields as a ``Problem``; it never leaves a line out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aliquot.data.source import Sample, Source

Severity = Literal["error", "warning", "note"]


class Number:
    """A JSON number with a fraction or an exponent, as written: 1.10 stays ``1.10``.

    No dataclass, because msgspec writes those as objects.
    """

    __slots__ = ("literal",)

    def __init__(self, literal: str) -> None:
        self.literal = literal

    def __repr__(self) -> str:
        return f"Number({self.literal!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.literal == other.literal

    def __hash__(self) -> int:
        return hash(self.literal)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file, in the shape of a chat line.

    Attributes:
        line: 1-based physical line on which it begins.
        names: What the file calls a field, where it differs: ``{"messages[1].content": "label"}``.
    """

    line: int
    value: dict[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing found in one row; problems of a kind are reported together as a ``Finding``.

    Attributes:
        line: 1-based physical line, 0 when the whole file is concerned.
        kind: Tells problems of one code apart where they should be reported separately.
    """

    code: str
    message: str
    line: int = 0
    severity: Severity = "error"
    field: str = ""
    remedy: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Detection:
    """A format recognises a file; the reason is shown to the user."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A data format.

    Attributes:
        name: The name of its file in ``formats/``.
        title: What people call it.
        detect: Recognises a file by its first lines, or returns None.
        read: Yields every record, as a ``Row`` or as the ``Problem`` (severity ``error``, with its line)
            that stands for it, in file order; notes about rows and the file may come between.
    """

    name: str
    title: str
    detect: Callable[[Sample], Detection | None]
    read: Callable[[Source], Iterator[Row | Problem]]
