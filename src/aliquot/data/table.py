"""The examples of a data set as columns, so that a million of them fit into memory and compare fast.

What is counted, grouped and ordered stands in arrays with one entry per example. Its texts are kept as one
piece of JSON and become an ``Example`` again only when somebody looks at it. Shape letter: N examples.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import msgspec
import numpy as np

from aliquot.core.conversation import Message, is_plain_text
from aliquot.core.dataset import SPLITS, Example, Split, StoredExample, hash_content
from aliquot.core.records import decode
from aliquot.data.format import PlainRows
from aliquot.data.keys import AnswersGiven, exact_prompt, number_turns, stands_in, user_text

UNSPLIT = -1
TRAIN, VALIDATION, TEST = range(3)
"""Codes of the splits: their places in ``SPLITS``."""
_HASH_BYTES = 32
_PIECE_ROWS = 512
"""Rows of a stored piece: their texts stay in the processor's cache."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ``rows/<split>.jsonl`` holds of an example beside its id and line: see ``StoredExample``."""

    messages: tuple[Message, ...]
    group: str | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    tools: str = ""
    rejected: Message | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleTable:
    """Examples in the order of their file.

    Attributes:
        line_N: 1-based physical lines.
        file_N: Places in ``files``.
        split_N: Codes of the splits.
        own_split_N: The splits that the files name, whatever was assigned later.
        content_N: First 8 bytes of the content hash, as a number: orders and compares contents.
        prompt_N: Equal for equal prompts, to the letter.
        reading_N: Equal for prompts that differ in width, case and spacing only.
        answer_N: Places in ``answers``.
        group_N: Places in ``groups``; -1 where the row has none.
        is_given_N: Whether the reference stands in the user's text.
        is_other_given_N: Whether the reference of an earlier, differently answered row stands there.
        num_chars_N: Characters of all messages.
        end_N: Where the text of each example ends in the buffer of texts.
        occurrence_N: How many earlier examples of the split have the same content.
        files: The files read.
        answers: The different references, in the order of their first rows.
        groups: The different values of the group key.
        has_plain_texts: Whether there are plain texts among the examples, which have no prompt.
        has_conversations: Whether there are others.
    """

    line_N: np.ndarray
    file_N: np.ndarray
    split_N: np.ndarray
    own_split_N: np.ndarray
    content_N: np.ndarray
    prompt_N: np.ndarray
    reading_N: np.ndarray
    answer_N: np.ndarray
    group_N: np.ndarray
    is_given_N: np.ndarray
    is_other_given_N: np.ndarray
    num_chars_N: np.ndarray
    end_N: np.ndarray
    occurrence_N: np.ndarray
    files: tuple[str, ...]
    answers: tuple[str, ...]
    groups: tuple[str, ...]
    has_plain_texts: bool
    has_conversations: bool
    _hashes: memoryview = field(repr=False)
    _bodies: memoryview = field(repr=False)

    def __len__(self) -> int:
        """Return N."""
        return len(self.line_N)

    def get(self, index: int) -> Example:
        """Return one example."""
        body = _DECODER.decode(self._body(index))
        code = int(self.split_N[index])
        return Example(
            messages=body.messages,
            line=int(self.line_N[index]),
            content_hash=self._hashes[_HASH_BYTES * index : _HASH_BYTES * (index + 1)].hex(),
            split=None if code == UNSPLIT else SPLITS[code],
            occurrence=int(self.occurrence_N[index]),
            group=body.group,
            metadata=body.metadata,
            tools=body.tools,
            rejected=body.rejected,
            file=body.file,
        )

    def content_hashes(self, index_K: np.ndarray) -> list[str]:
        """Return the content hashes of some examples, in hex."""
        return _list_hex(np.frombuffer(self._hashes, f"V{_HASH_BYTES}")[index_K])

    def example_ids(self, index_K: np.ndarray) -> list[str]:
        """Return the ids of some examples, without reading their texts."""
        names = _list_hex(self.content_N[index_K].astype(">u8"))
        occurrences = self.occurrence_N[index_K].tolist()
        return [f"{name}.{occurrence}" for name, occurrence in zip(names, occurrences, strict=True)]

    def sorted_ids(self, split: Split) -> list[str]:
        """Return the ids of a split's examples in order."""
        places = self.find(split)
        nearly_K = np.argsort(self.content_N[places])  # numbers sort faster, and texts nearly in order too
        return sorted(self.example_ids(places[nearly_K]))

    def stored_lines(self, split: Split) -> Iterator[bytes]:
        """Yield the lines of ``rows/<split>.jsonl``, hundreds in a piece: id and line before each body."""
        for places in in_chunks(self.find(split), _PIECE_ROWS):
            named = zip(self.example_ids(places), self.line_N[places].tolist(), strict=True)
            heads = "\n".join([f'{{"example_id":"{name}","line":{line},' for name, line in named]).encode()
            spans = zip((self._start(places) + 1).tolist(), self.end_N[places].tolist(), strict=True)
            pieces: list[bytes | memoryview] = [b"\n"] * (3 * len(places))
            pieces[::3] = heads.split(b"\n")
            pieces[1::3] = [self._bodies[start:end] for start, end in spans]
            yield b"".join(pieces)

    def stored_examples(self, split: Split) -> list[StoredExample]:
        """Return the examples of a split as a run reads them from its ``rows/<split>.jsonl``."""
        return [
            decode(line, StoredExample, "row")
            for part in self.stored_lines(split)
            for line in part.splitlines()
        ]

    def find_value(self, index: int, key: str) -> str | None:
        """Return a metadata field of one example, or None."""
        return _DECODER.decode(self._body(index)).metadata.get(key)

    def user_texts(self) -> list[str]:
        """Return the texts of each example's user messages, joined by line ends; of a plain text, itself."""
        return [user_text(_DECODER.decode(self._body(place)).messages) for place in range(len(self))]

    def find_texts(self, pattern: re.Pattern[bytes]) -> np.ndarray:
        """Return the places of examples whose stored texts or metadata match a pattern of plain ASCII."""
        starts = [match.start() for match in pattern.finditer(self._bodies)]
        return np.unique(np.searchsorted(self.end_N, starts, side="right"))

    def find(self, split: Split) -> np.ndarray:
        """Return the places of a split's examples, in file order."""
        return np.flatnonzero(self.split_N == SPLITS.index(split))

    def view(self, split: Split) -> Examples:
        """Return the examples of a split as a sequence."""
        return Examples(self, self.find(split))

    def count_answers(self, where_N: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return how often each of ``answers`` occurs among the chosen examples."""
        return np.bincount(self.answer_N[where_N], minlength=len(self.answers))

    def answer_counts(self, rows: np.ndarray | slice = slice(None)) -> Counter[str]:
        """Return how often each answer of the chosen examples occurs among them."""
        counts = zip(self.answers, self.count_answers(rows).tolist(), strict=True)
        return Counter({answer: count for answer, count in counts if count})

    def with_split(self, split_N: np.ndarray) -> ExampleTable:
        """Return the table with its examples assigned, and numbered where a split has a content again."""
        return replace(self, split_N=split_N, occurrence_N=_number(split_N, self.content_N))

    def with_answers(self, answers: dict[int, str]) -> ExampleTable:
        """Return the table with other answers in some rows, given by their places."""
        builder = TableBuilder(self.files)
        for place in range(len(self)):
            example = self.get(place)
            if place in answers:
                *prompt, last = example.messages
                messages = (*prompt, msgspec.structs.replace(last, content=answers[place]))
                content_hash = hash_content(messages, example.tools, example.rejected)
                example = replace(example, messages=messages, content_hash=content_hash)
            builder.add(example)
        return builder.finish()

    def take(self, index_K: np.ndarray) -> ExampleTable:
        """Return the table of some of its examples; splits stay, occurrences are numbered anew."""
        columns = {name: getattr(self, name)[index_K] for name in self.__slots__ if name.endswith("_N")}
        places = index_K.tolist()
        columns["end_N"] = np.cumsum([len(self._body(place)) for place in places], dtype=np.int64)
        hashes = (self._hashes[_HASH_BYTES * place : _HASH_BYTES * (place + 1)] for place in places)
        bodies = memoryview(b"".join(map(self._body, places)))
        taken = replace(self, **columns, _hashes=memoryview(b"".join(hashes)), _bodies=bodies)
        return taken.with_split(taken.split_N)

    def _start(self, index_K: np.ndarray) -> np.ndarray:
        return np.where(index_K > 0, self.end_N[index_K - 1], 0)

    def _body(self, index: int) -> memoryview:
        start = self.end_N[index - 1] if index else 0
        return self._bodies[start : self.end_N[index]]


class Examples(Sequence[Example]):
    """Some examples of a table as a sequence; each is made when it is asked for."""

    def __init__(self, table: ExampleTable, index_K: np.ndarray) -> None:
        self.table = table
        self.index_K = index_K

    def __len__(self) -> int:
        return len(self.index_K)

    @overload
    def __getitem__(self, key: int) -> Example: ...
    @overload
    def __getitem__(self, key: slice) -> Examples: ...
    def __getitem__(self, key: int | slice) -> Example | Examples:
        if isinstance(key, slice):
            return Examples(self.table, self.index_K[key])
        return self.table.get(int(self.index_K[key]))


class TableBuilder:
    """Collects examples one by one.

    Args:
        files: The files that are read; an example of one among several names its own.
    """

    def __init__(self, files: Sequence[str] = ("",)) -> None:
        self._files = {file: place for place, file in enumerate(dict.fromkeys(files))}
        self._columns = bytearray()
        self._answers: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._hashes = bytearray()
        self._bodies = bytearray()
        self._given = AnswersGiven()
        self._has_plain_texts = self._has_conversations = False

    def __len__(self) -> int:
        """Return the number of examples so far."""
        return len(self._columns) // _ROW.size

    def add(self, example: Example) -> None:
        """Add an example; its split may be set already."""
        digest = bytes.fromhex(example.content_hash)
        given = self._given.find(example.reference, user_text(example.prompt))
        is_plain = is_plain_text(example.messages)
        self._has_plain_texts = self._has_plain_texts or is_plain
        self._has_conversations = self._has_conversations or not is_plain
        self._hashes += digest
        self._bodies += _ENCODER.encode(
            _Body(
                example.messages,
                example.group,
                example.metadata,
                example.tools,
                example.rejected,
                example.file,
            )
        )
        self._columns += _ROW.pack(
            example.line,
            self._files.get(example.file, 0),
            UNSPLIT if example.split is None else SPLITS.index(example.split),
            int.from_bytes(digest[:8], "big"),
            *number_turns(exact_prompt(example)),
            self._answers.setdefault(example.reference, len(self._answers)),
            -1 if example.group is None else self._groups.setdefault(example.group, len(self._groups)),
            *given,
            sum(len(message.content) for message in example.messages),
            len(self._bodies),
        )

    def add_plain(self, rows: PlainRows, file: str = "") -> None:
        """Add what ``add`` would for the example of each of some rows; the file is named if it is theirs."""
        self._has_conversations = True
        tail = b',"file":%b}' % _ENCODER.encode(file) if file else b"}"
        columns_K = np.frombuffer(rows.columns, ROW_TYPE).copy()
        columns_K["file_N"] = self._files.get(file, 0)
        numbers = [self._answers.setdefault(answer, len(self._answers)) for answer in rows.answers]
        columns_K["answer_N"] = np.array(numbers)[columns_K["answer_N"]]
        num_more = len(_HEAD) + len(tail) - 1  # of each, in place of its line feed
        columns_K["end_N"] += len(self._bodies) + num_more * np.arange(1, len(rows) + 1)
        columns_K["is_other_given_N"][: rows.num_alike] = self._look_back(rows)
        self._columns += columns_K.tobytes()
        self._hashes += rows.hashes
        self._bodies += _HEAD + rows.lines[:-1].replace(b"\n", tail + _HEAD) + tail

    def _look_back(self, rows: PlainRows) -> list[bool]:
        """Return for the first rows, alike in their answer, whether that of an earlier row stands in them."""
        answer = rows.answers[0].strip()
        other = self._given.find_other(answer)
        self._given.note(answer)
        if rows.num_alike < len(rows):
            self._given.last = rows.last_answers
        texts = map(user_text, rows.turns(rows.num_alike)) if other else [""] * rows.num_alike
        return [other in text and stands_in(other, text) for text in texts]

    def finish(self) -> ExampleTable:
        """Return the table; nothing can be added to it."""
        rows_N = np.frombuffer(self._columns, ROW_TYPE)
        columns = {name: np.ascontiguousarray(rows_N[name]) for name in ROW_TYPE.names or ()}
        self._columns = bytearray()
        return ExampleTable(
            **columns,
            own_split_N=columns["split_N"],
            occurrence_N=_number(columns["split_N"], columns["content_N"]),
            files=tuple(self._files),
            answers=tuple(self._answers),
            groups=tuple(self._groups),
            has_plain_texts=self._has_plain_texts,
            has_conversations=self._has_conversations,
            _hashes=memoryview(self._hashes),
            _bodies=memoryview(self._bodies),
        )


def in_chunks(index_K: np.ndarray, num_rows: int = 10_000) -> Iterator[np.ndarray]:
    """Yield the places of so many examples at a time, for what is listed of each."""
    for first in range(0, len(index_K), num_rows):
        yield index_K[first : first + num_rows]


def _list_hex(value_K: np.ndarray) -> list[str]:
    """Return the bytes of each value in hex."""
    return value_K.tobytes().hex("\n", value_K.itemsize).split("\n") if len(value_K) else []


_ROW = struct.Struct("<IIbQQQii??Iq")
ROW_TYPE = np.dtype(
    [
        ("line_N", "<u4"),
        ("file_N", "<u4"),
        ("split_N", "i1"),
        ("content_N", "<u8"),
        ("prompt_N", "<u8"),
        ("reading_N", "<u8"),
        ("answer_N", "<i4"),
        ("group_N", "<i4"),
        ("is_given_N", "?"),
        ("is_other_given_N", "?"),
        ("num_chars_N", "<u4"),
        ("end_N", "<i8"),
    ]
)
"""The columns as ``_ROW`` packs them: a million rows of numbers are one buffer while they are collected."""
_HEAD = b'{"messages":'
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Body)


def is_among(value_N: np.ndarray, sorted_K: np.ndarray) -> np.ndarray:
    """Return which values are among others that are in order; quick where those are few."""
    if not len(sorted_K):
        return np.zeros(len(value_N), bool)
    place_N = np.searchsorted(sorted_K, value_N).clip(max=len(sorted_K) - 1)
    return sorted_K[place_N] == value_N


def find_first(value_N: np.ndarray) -> np.ndarray:
    """Return for each place the first one with an equal value; quick where few values are repeated."""
    first_N = np.arange(len(value_N))
    rows_K = _find_repeated(value_N)
    _, first_V, number_K = np.unique(value_N[rows_K], return_index=True, return_inverse=True)
    first_N[rows_K] = rows_K[first_V[number_K]]
    return first_N


def _find_repeated(value_N: np.ndarray) -> np.ndarray:
    """Return the places of values that occur more than once."""
    ordered_N = np.sort(value_N)
    return np.flatnonzero(is_among(value_N, ordered_N[1:][ordered_N[1:] == ordered_N[:-1]]))


def _number(split_N: np.ndarray, content_N: np.ndarray) -> np.ndarray:
    """Return for each example how many earlier ones of its split have its content."""
    rows_K = _find_repeated(content_N)  # all others are the first with their content
    order_K = rows_K[np.lexsort((content_N[rows_K], split_N[rows_K]))]  # stable: file order within equal ones
    is_first_K = np.ones(len(order_K), bool)
    is_first_K[1:] = (np.diff(split_N[order_K]) != 0) | (np.diff(content_N[order_K]) != 0)
    place_K = np.arange(len(order_K))
    occurrence_N = np.zeros(len(content_N), np.int64)
    occurrence_N[order_K] = place_K - np.maximum.accumulate(np.where(is_first_K, place_K, 0))
    return occurrence_N
