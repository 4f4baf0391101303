"""Rows about which there is nothing to say: what they are, and chat lines of them read many at a time.

Most rows of most files are plain. Chat lines of plain rows are decoded, hashed and kept by the thousand, for
a third of what it costs to examine each; any line among them that is not plain is examined by itself. Both
ways lead to the same examples, to the last byte: tests compare them.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, NamedTuple
from unicodedata import is_normalized

import msgspec
import numpy as np

from aliquot.core.conversation import Message
from aliquot.core.dataset import SPLITS, Split
from aliquot.core.records import canonical_json
from aliquot.data.format import PlainRows
from aliquot.data.json_lines import count_colons, hides_colon, is_object_a_line
from aliquot.data.keys import AnswersGiven, Key, Turn, number_rows, user_text
from aliquot.data.patterns import scan_rows
from aliquot.data.source import Block, Broken
from aliquot.data.split_words import SPLIT_WORDS
from aliquot.data.table import ROW_TYPE, UNSPLIT

PLAIN_SPLITS: dict[str, Split] = {
    word: split for name, split in SPLIT_WORDS.items() for word in (name, name.upper())
}
_SPLIT_CODES = {"": UNSPLIT} | {word: SPLITS.index(split) for word, split in PLAIN_SPLITS.items()}
_MIN_ROWS = 4
"""Fewer plain rows among others are not worth the trouble of many."""


class _PlainTurn(Turn, frozen=True, gc=False, forbid_unknown_fields=True):
    role: Literal["system", "developer", "user", "assistant"]  # names a decoder knows are not made anew


class _Line(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    messages: tuple[_PlainTurn, ...]
    split: str = ""


def part_plain(blocks: Iterable[Block | Broken]) -> Iterator[Block | Broken | PlainRows]:
    """Yield blocks of chat lines with their plain rows taken out, in order."""
    for block in blocks:
        if isinstance(block, Broken):
            yield block
        else:
            yield from _part(block)


def _part(block: Block) -> Iterator[Block | PlainRows]:
    """Yield the plain rows of a block, and what is between them in blocks of its own."""
    rows = read_plain_rows(block)
    if rows is not None:
        yield rows
        return
    number = block.number
    for is_plain, lines in itertools.groupby(io.BytesIO(block.data), key=_is_plain_line):
        piece = Block(number, b"".join(lines))
        number = piece.last_line + 1
        rows = read_plain_rows(piece) if is_plain and number - piece.number >= _MIN_ROWS else None
        yield piece if rows is None else rows


def _is_plain_line(data: bytes) -> bool:
    return _decode(Block(1, data)) is not None


def read_plain_rows(block: Block) -> PlainRows | None:
    """Return the rows of a block of which every line is a plain chat line; else None."""
    decoded = _decode(block)
    if decoded is None:
        return None
    columns_K, answers, given = _compare(decoded)
    columns_K["line_N"] = np.arange(block.number, block.number + len(columns_K))
    columns_K["split_N"] = [_SPLIT_CODES[word] for word in decoded.splits]
    hashes = decoded.hash_contents()
    columns_K["content_N"] = np.frombuffer(hashes, ">u8")[:: len(hashes) // len(columns_K) // 8]
    columns_K["group_N"] = -1
    columns_K["num_chars_N"] = decoded.count_chars()
    columns_K["end_N"] = np.flatnonzero(np.frombuffer(decoded.lines, np.uint8) == ord("\n")) + 1
    is_alike_K = np.array([answer.strip() == answers[0].strip() for answer in answers])[columns_K["answer_N"]]
    return PlainRows(
        line=block.number,
        splits=decoded.splits,
        lines=decoded.lines,
        hashes=hashes,
        columns=columns_K.tobytes(),
        answers=answers,
        patterns=list(scan_rows(decoded.messages)),
        num_alike=len(columns_K) if is_alike_K.all() else int(is_alike_K.argmin()),
        last_answers=given.last,
    )


def _compare(decoded: _Decoded) -> tuple[np.ndarray, list[str], AnswersGiven]:
    """Return the columns with what rows are compared by, the different answers, and the last two."""
    prompts = [turns[:-1] for turns in decoded.messages]
    answers = [turns[-1].content for turns in decoded.messages]
    given, places = AnswersGiven(), dict[str, int]()
    is_given = []
    for prompt, answer in zip(prompts, answers, strict=True):
        text = prompt[-1].content if len(prompt) <= 2 else user_text(prompt)
        is_given.append(given.find(answer, text))
    columns_K = np.zeros(len(prompts), ROW_TYPE)
    columns_K["prompt_N"], columns_K["reading_N"] = number_rows(prompts)
    columns_K["answer_N"] = [places.setdefault(answer, len(places)) for answer in answers]
    columns_K[["is_given_N", "is_other_given_N"]] = is_given
    return columns_K, list(places), given


class _Decoded(NamedTuple):
    """The plain rows of a block: turns and split of each, all contents, and the turns as JSON lines."""

    messages: list[Key]
    splits: list[str]
    texts: list[str]
    lines: bytes

    def count_chars(self) -> np.ndarray:
        """Return the number of characters of each row."""
        start_K = np.cumsum([0, *map(len, self.messages[:-1])])
        return np.add.reduceat(np.fromiter(map(len, self.texts), np.int64, len(self.texts)), start_K)

    def hash_contents(self) -> bytes:
        """Return the digests of ``core.dataset.hash_content``, one after the other."""
        data = _SORTED.encode_lines(self.messages)
        forms = data.split(b"\n")[:-1]
        if not data.isascii() and not is_normalized("NFC", data.decode()):
            forms = [canonical_json(turns) for turns in self.messages]
        digests = bytearray()
        for form in forms:
            digest = _EMPTY.copy()  # takes less time than a new one
            digest.update(form)
            digests += digest.digest()
        return bytes(digests)


def _decode(block: Block) -> _Decoded | None:
    data = block.data
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")  # never within a text, where both are escaped
    if not is_object_a_line(data) or hides_colon(data):
        return None
    try:
        lines = _DECODER.decode_lines(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    messages: list[Key] = [line.messages for line in lines]
    texts = [turn.content for turns in messages for turn in turns]
    decoded = _Decoded(messages, [line.split for line in lines], texts, _ENCODER.encode_lines(messages))
    return decoded if _are_plain(decoded) and _are_whole(decoded, block) else None


def _are_plain(rows: _Decoded) -> bool:
    roles = {tuple([turn.role for turn in turns]) for turns in rows.messages}
    has_blank = not all(rows.texts) or any(map(str.isspace, rows.texts))
    return not has_blank and all(map(_is_usual, roles)) and PLAIN_SPLITS.keys() >= {*rows.splits} - {""}


def _are_whole(rows: _Decoded, block: Block) -> bool:
    """Return whether there is no key beside those that were decoded: see ``json_lines.decode_object``."""
    num_rows = len(rows.messages)
    num_keys = num_rows + 2 * len(rows.texts) + num_rows - rows.splits.count("")
    num_written = 3 * len(rows.texts)  # with the weight of each turn
    is_each = num_rows == block.last_line - block.number + 1
    return is_each and count_colons(block.data) - num_keys == count_colons(rows.lines) - num_written


def read_plain(value: dict[str, Any]) -> tuple[Message, ...] | None:
    """Return the messages of a row about which there is nothing to say; None for a row to be examined.

    Most rows are plain: only ``messages`` and ``split``, only role and text, turns in order, no blank one.
    """
    split = value.get("split")
    is_marked = type(split) is str and split in PLAIN_SPLITS
    return read_plain_turns(value.get("messages")) if len(value) == 1 + is_marked else None


def read_plain_turns(items: object) -> tuple[Message, ...] | None:
    """Return messages about which there is nothing to say; None for those to be examined."""
    if type(items) is not list:
        return None
    messages = []
    for item in items:
        if type(item) is not dict or len(item) != 2:
            return None
        role, content = item.get("role"), item.get("content")
        if type(role) is not str or type(content) is not str or not content or content.isspace():
            return None
        messages.append(Message(sys.intern(role), content))
    return tuple(messages) if _is_usual(tuple(message.role for message in messages)) else None


@lru_cache(maxsize=1024)
def _is_usual(roles: tuple[str, ...]) -> bool:
    """Whether roles are user and assistant in turns up to an answer, after a system message or none."""
    turns = roles[1:] if roles[:1] in (("system",), ("developer",)) else roles
    return len(turns) >= 2 and len(turns) % 2 == 0 and turns == ("user", "assistant") * (len(turns) // 2)


_DECODER = msgspec.json.Decoder(_Line)
_ENCODER = msgspec.json.Encoder()
_EMPTY = sha256()
_SORTED = msgspec.json.Encoder(order="sorted")
