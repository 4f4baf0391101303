"""Keys by which rows count as the same: the prompt to the letter, and the prompt as people read it.

What counts as the same reading is declared here once. Width, typographic form and spacing never count.
Case counts wherever it may carry meaning: ``CCO`` and ``cco``, ``CO`` and ``Co``, ``0.5 M`` and ``0.5 m``
are different things, and so are ``10⁵`` and ``105``. Only the capital of an ordinary word is dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import msgspec
import numpy as np

from aliquot.core.conversation import TEXT_ROLE, Message
from aliquot.core.dataset import Example

_USER_ROLES = ("user", TEXT_ROLE)
_MARKS = ".,;:!?()[]{}\"'“”‘’«»…"
"""Marks around a word that say nothing about what it is."""
_LOWER = bytes(sorted(set(range(0x20, 0x7F)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
_GLANCE_ROWS = 16
_STEP, _END = 0x9E3779B97F4A7C15, 1 << 64
"""Any odd number does; this is the golden ratio's."""
_INNER = str.maketrans("", "", "-'’")
_RAISED = dict(zip(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"), (f"^{char}" for char in "0123456789+-"), strict=True))
"""NFKC alone would write 10⁵ as 105."""


STANDING = frozenset(("system", "developer"))
"""Roles whose text stands in most rows."""


class Turn(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What one turn says; no dataclass, because a million are made and hashed. The weight is only written."""

    role: str
    content: str
    weight: None = None


Key = tuple[Turn, ...]


def user_text(messages: Sequence[Message | Turn]) -> str:
    """Return the texts of the user, or the plain text, joined by line ends."""
    texts = [message.content for message in messages if message.role in _USER_ROLES]
    return texts[0] if len(texts) == 1 else "\n".join(texts)


def exact_prompt(example: Example) -> Key:
    """Return the prompt's roles and texts, to the letter."""
    # What two rows are compared by is the prompt, or the whole of a plain text, which has none.
    turns = tuple([Turn(message.role, message.text) for message in example.prompt or example.messages])
    return (Turn(_TOOLS, example.tools), *turns) if example.tools else turns


def number_turns(turns: Key) -> tuple[int, int]:
    """Return two numbers, the same in every process: one for the turns to the letter, one for their reading.

    Equal turns have equal numbers, and turns without a difference but that of width, spacing and sentence
    case have an equal second one. Others share a number by chance, once in 10^18 pairs.
    """
    pairs = [
        (_number_standing if turn.role in STANDING else _number)(turn.role, turn.content) for turn in turns
    ]
    return _join([pair[0] for pair in pairs]), _join([pair[1] for pair in pairs])


def number_rows(rows: Sequence[Key]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of many rows; whether texts need normalising is seen of some at once."""
    exact, reading = bytearray(), bytearray()
    for first in range(0, len(rows), _GLANCE_ROWS):
        turns = [turn for row in rows[first : first + _GLANCE_ROWS] for turn in row]
        is_lower = _is_lower(" ".join([turn.content for turn in turns if turn.role not in STANDING]))
        for turn in turns:
            if turn.role in STANDING:
                one, other = _number_standing(turn.role, turn.content)
            elif is_lower:
                one = other = _digest(turn.role, turn.content)
            else:
                one, other = _number(turn.role, turn.content)
            exact += one
            reading += other
    num_turns_K = np.fromiter(map(len, rows), np.int64, len(rows))
    return _join_rows(exact, num_turns_K), _join_rows(reading, num_turns_K)


def _join(numbers: Sequence[bytes]) -> int:
    """Return one number for those of some turns, in their order; linear, because they are random already."""
    total = 0
    for number in numbers:
        total = (total * _STEP + int.from_bytes(number)) % _END
    return total


def _join_rows(numbers: bytearray, num_turns_K: np.ndarray) -> np.ndarray:
    """Return what ``_join`` does, for many rows with at least one turn each."""
    ends_K = np.cumsum(num_turns_K)
    place_T = np.repeat(ends_K, num_turns_K) - np.arange(ends_K[-1]) - 1  # 0 for the last turn of a row
    factors = np.full(place_T.max() + 1, _STEP, np.uint64)
    factors[0] = 1
    value_T = np.frombuffer(numbers, ">u8") * np.multiply.accumulate(factors)[place_T]
    return np.add.reduceat(value_T, ends_K - num_turns_K)


def _number(role: str, content: str) -> tuple[bytes, bytes]:
    text = content if role == _TOOLS else normalise(content)
    number = _digest(role, content)
    return number, number if text is content else _digest(role, text)


def _digest(role: str, content: str) -> bytes:
    digest = _start_digest(role).copy()  # takes half the time of a new one
    digest.update(content.encode())
    return digest.digest()


@lru_cache(maxsize=64)
def _start_digest(role: str) -> blake2b:
    return blake2b(f"{role}\n".encode(), digest_size=8)


def normalise(text: str) -> str:
    """Return text in NFKC with single spaces, and without the capitals of ordinary words.

    An ordinary word has two or more letters, is capital in the first alone, and holds nothing but letters,
    hyphens and apostrophes within the marks around it. All other case is kept: of formulae, SMILES,
    identifiers, acronyms and units. A text of one word (no space) keeps its case altogether, since it may
    be a formula that looks like a word (``Co``, ``Cn``).

    >>> normalise("Is  Ethanol (CCO) polar?")
    'is ethanol (CCO) polar?'
    >>> normalise("Co") == normalise("co")
    False
    """
    if _is_lower(text):
        return text
    words = _plain(text).split()
    if len(words) < 2:
        return "".join(words)
    return " ".join([word if word.islower() else _lower_ordinary(word) for word in words])


def _is_lower(text: str) -> bool:
    """Whether a text has nothing to be normalised, at a glance: ASCII without capitals and runs of space."""
    is_plain = text.isascii() and not text.encode().translate(None, _LOWER)
    return is_plain and "  " not in text and text[:1] != " " and text[-1:] != " "


def fold(text: str) -> str:
    """Return text in NFKC, in one case, with single spaces: to find labels that a person wrote unlike."""
    return " ".join(_plain(text).casefold().split())


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_RAISED))


def _lower_ordinary(word: str) -> str:
    letters = word.strip(_MARKS)
    is_ordinary = letters[1:].islower() and letters.translate(_INNER).isalpha()
    return word.lower() if is_ordinary else word


_number_standing = lru_cache(maxsize=64)(_number)  # the same system prompt stands in most rows
_TOOLS = "tools"


class AnswersGiven:
    """Tells of rows in file order whether their answer, or that of another row, stands in the user's text.

    Attributes:
        last: The last answer, and the last one before it that differs; empty before there is one.
    """

    def __init__(self) -> None:
        self.last = ("", "")

    def find(self, answer: str, text: str) -> tuple[bool, bool]:
        """Return whether an answer, and that of an earlier row with another, stand in the user's text."""
        answer = answer.strip()
        other = self.find_other(answer)
        self.note(answer)
        return answer in text and stands_in(answer, text), other in text and stands_in(other, text)

    def find_other(self, answer: str) -> str:
        """Return the latest answer that differs from this one; empty when there is none."""
        last, before = self.last
        return last if last != answer else before

    def note(self, answer: str) -> None:
        """Note the answer of a row."""
        if self.last[0] != answer:
            self.last = (answer, self.last[0])


def stands_in(answer: str, text: str) -> bool:
    """Return whether an answer occurs in a text as whole words."""
    start = text.find(answer) if answer else -1
    while start >= 0:
        end = start + len(answer)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            return True
        start = text.find(answer, start + 1)
    return False
