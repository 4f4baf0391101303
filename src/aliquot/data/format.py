"""What a data format is: the records that a file in ``formats/`` fills and ``read.py`` uses.

A format recognises its files from the first lines and turns them into rows of one shape, that of a
chat line: ``{"messages": [...], "tools": ..., "rejected_message": ..., "split": ..., "metadata": {...},
other keys}``. What it cannot read it yields as a ``Problem``; it never leaves a line out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal
from unicodedata import is_normalized

import msgspec
import numpy as np

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Example
from aliquot.core.records import canonical_json
from aliquot.data.keys import Turn
from aliquot.data.source import Sample, Source

Severity = Literal["error", "warning", "note"]
CONVERSATION_KEYS = frozenset(("messages", "tools", "functions", "rejected_message"))
"""What the conversation of a chat line is made of."""
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_SORTED = msgspec.json.Encoder(order="sorted")


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


class Row(msgspec.Struct, frozen=True):
    """One record of the file, in the shape of a chat line. A struct, because a million are made.

    Attributes:
        line: 1-based physical line on which it begins; in a binary table its 1-based place.
        names: What errors call a field, where it differs: ``{"messages[1].content": "label"}``.
        own: The record as the file has it, by its own names; None when that is ``value``.
        used: Names in it that the conversation is made of.
    """

    line: int
    value: dict[str, Any]
    names: Mapping[str, str] = _NO_NAMES
    own: Mapping[str, Any] | None = None
    used: frozenset[str] = CONVERSATION_KEYS


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Consecutive plain chat lines; at least one.

    Attributes:
        line: 1-based physical line of the first.
        messages: The turns of each.
        splits: The word for the split of each, empty where there is none.
        texts: All contents, row by row.
        lines: The turns of each as JSON, each ended by a line feed.
    """

    line: int
    messages: Sequence[tuple[Turn, ...]]
    splits: Sequence[str]
    texts: Sequence[str]
    lines: bytes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.messages)

    @property
    def last_line(self) -> int:
        """The line of the last row."""
        return self.line + len(self) - 1

    def rows(self) -> Iterator[Row]:
        """Yield them one by one, as any format does."""
        for line, (turns, split) in enumerate(zip(self.messages, self.splits, strict=True), start=self.line):
            items = [{"role": turn.role, "content": turn.content} for turn in turns]
            yield Row(line, {"messages": items, "split": split} if split else {"messages": items})

    def count_chars(self) -> np.ndarray:
        """Return the number of characters of each row."""
        start_K = np.cumsum([0, *map(len, self.messages[:-1])])
        return np.add.reduceat(np.array([*map(len, self.texts)]), start_K)

    def hash_contents(self) -> bytes:
        """Return the digests of ``core.dataset.hash_content``, one after the other."""
        data = _SORTED.encode_lines(self.messages)
        forms = data.split(b"\n")[:-1]
        if not data.isascii() and not is_normalized("NFC", data.decode()):
            forms = [canonical_json(turns) for turns in self.messages]
        return b"".join([sha256(form).digest() for form in forms])


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


@dataclass(frozen=True, slots=True)
class Shape:
    """How objects with named fields are read as rows.

    Attributes:
        fields: What tells them, for the reason of a detection: ``"messages"``.
        count: How many of the first objects are so.
        read: Yields the row of one object on a line, after notes about it, or the problem with it.
        has_columns: Whether the settings of columns (``data.prompt`` …) bear on it.
    """

    fields: str
    count: int
    read: Callable[[int, dict[str, Any]], Iterator[Row | Problem]]
    has_columns: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """How examples are written in a format.

    Attributes:
        explain: Returns why an example cannot be expressed in the format, or an empty text.
        write: Yields the file in pieces, given the examples and the name of the file to be.
        suffixes: Endings of file names that mean this format.
    """

    explain: Callable[[Example], str]
    write: Callable[[Sequence[Example], str], Iterator[bytes]]
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A data format.

    Attributes:
        name: The name of its file in ``formats/``.
        title: What people call it.
        detect: Recognises a file by its first lines, or returns None.
        read: Yields every record, as a ``Row`` or as the ``Problem`` (severity ``error``, with its line)
            that stands for it, in file order; notes about rows and the file may come between.
        find_shape: Recognises objects, wherever they stand: in JSON Lines, in an array or in a table.
        is_flat: Whether its objects hold only texts, so that a table of text cells can hold them.
        writer: Writes examples, if the format can be written.
        read_many: Yields what ``read`` does, with plain rows many at a time; None where there is no such way.
    """

    name: str
    title: str
    detect: Callable[[Sample], Detection | None]
    read: Callable[[Source], Iterator[Row | Problem]]
    find_shape: Callable[[Sequence[Mapping[str, Any]], DataSettings], Shape | None] | None = None
    is_flat: bool = False
    writer: Writer | None = None
    read_many: Callable[[Source], Iterator[Row | Problem | PlainRows]] | None = None
