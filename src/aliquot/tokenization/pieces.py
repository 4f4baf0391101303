"""What each token id stands for, as text that can be read: also bytes that are only part of a character."""

from __future__ import annotations

import re
import unicodedata

from tokenizers import Tokenizer

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_MARKS = {" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"}
_INVISIBLE = ("Cc", "Cf", "Co", "Zl", "Zp", "Zs")


class Pieces:
    """The texts of a tokenizer's tokens, one by one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        added = tokenizer.get_added_tokens_decoder()
        self._tokenizer = tokenizer
        self._added = {token_id: token.content for token_id, token in added.items()}
        self._control = {token_id for token_id, token in added.items() if token.special}
        # A byte-level tokenizer writes a space as Ġ; others write it as ▁.
        self._is_byte_level = tokenizer.decoder is not None and tokenizer.decoder.decode(["Ġ"]) == " "

    def is_control(self, token_id: int) -> bool:
        """Whether the tokenizer calls this a special token."""
        return token_id in self._control

    def text(self, token_id: int) -> str:
        """Return what a token decodes to; a byte that is no whole character is written ⟨0xE2⟩."""
        if token_id in self._added:
            return self._added[token_id]
        token = self._tokenizer.id_to_token(token_id)
        if token is None:
            return f"⟨no token {token_id}⟩"
        raw = _read_byte_level(token) if self._is_byte_level else _read_byte(token)
        return token.replace("▁", " ") if raw is None else _as_text(raw)


def make_visible(text: str) -> str:
    r"""Return a text in which white space and invisible characters can be seen.

    >>> make_visible(" low\n"), make_visible("a\u200bb")
    ('·low↵', 'a⟨U+200B⟩b')
    """
    return "".join(_MARKS.get(character) or _named(character) for character in text)


def _named(character: str) -> str:
    is_invisible = unicodedata.category(character) in _INVISIBLE
    return f"⟨U+{ord(character):04X}⟩" if is_invisible else character


def _as_text(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="surrogateescape")
    return _STRAY_BYTE.sub(lambda stray: f"⟨0x{ord(stray[0]) - 0xDC00:02X}⟩", text)


def _read_byte_level(token: str) -> bytes | None:
    """Return the bytes of a byte-level token, None when it has a character that stands for none."""
    numbers = [_BYTE_OF.get(character) for character in token]
    return None if None in numbers else bytes(number for number in numbers if number is not None)


def _read_byte(token: str) -> bytes | None:
    """Return the byte of a token like <0xE2>."""
    match = _BYTE_TOKEN.fullmatch(token)
    return bytes.fromhex(match[1]) if match else None


def _byte_alphabet() -> dict[str, int]:
    """Return byte by character: printable Latin-1 stands for itself, the rest for U+0100 and following."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [number for number in range(256) if number not in own]
    return {chr(number): number for number in own} | {
        chr(0x100 + index): number for index, number in enumerate(others)
    }


_BYTE_OF = _byte_alphabet()
