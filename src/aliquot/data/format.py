"""What a data format is: the records that a file in ``formats/`` fills and ``read.py`` uses.

A format recognises its files from the first lines and turns them into rows of one shape, that of a
chat line: ``{"messages": [...], "tools": ..., "rejected_message": ..., "split": ..., "metadata": {...},
other keys}``. What it cannot read it yields as a ``Problem``; it never leaves a line out.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Example
from aliquot.data.keys import Turn
from aliquot.data.source import Sample, Source

Severity = Literal["error", "warning", "note"]
CONVERSATION_KEYS = frozenset(("messages", "tools", "functions", "rejected_message"))
"""What the conversation of a chat line is made of."""
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_TURNS = msgspec.json.Decoder(tuple[Turn, ...])


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


class PlainRows(msgspec.Struct, frozen=True):
    """Consecutive plain chat lines with all that can be told of them apart from other rows; at least one.

    A struct of bytes, numbers and texts, because it may come from another process.

    Attributes:
        line: 1-based physical line of the first.
        splits: The word for the split of each, empty where there is none.
        lines: The turns of each as JSON, each ended by a line feed.
        hashes: The digests of ``core.dataset.hash_content``, one after the other.
        columns: Records of ``table.ROW_TYPE``; ``answer_N`` counts in ``answers``, ``end_N`` in ``lines``.
        answers: The different references.
        patterns: What ``patterns.scan`` finds: the place of a row and the name of a pattern, in order.
        num_alike: How many first rows have one answer: whether that of an earlier row stands in them is open.
        last_answers: The last answer and the last other one, as ``keys.AnswersGiven`` has them.
    """

    line: int
    splits: list[str]
    lines: bytes
    hashes: bytes
    columns: bytes
    answers: list[str]
    patterns: list[tuple[int, str]]
    num_alike: int
    last_answers: tuple[str, str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.splits)

    @property
    def last_line(self) -> int:
        """The line of the last row."""
        return self.line + len(self) - 1

    def turns(self, number: int | None = None) -> Iterator[tuple[Turn, ...]]:
        """Yield the turns of the first rows, or of all."""
        for text in itertools.islice(io.BytesIO(self.lines), number):
            yield _TURNS.decode(text)

    def rows(self) -> Iterator[Row]:
        """Yield them one by one, as any format does."""
        for line, (turns, split) in enumerate(zip(self.turns(), self.splits, strict=True), start=self.line):
            items = [{"role": turn.role, "content": turn.content} for turn in turns]
            yield Row(line, {"messages": items, "split": split} if split else {"messages": items})


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
