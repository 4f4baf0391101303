import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from aliquot.tokenization.pieces import _BYTE_OF, Pieces, make_visible
from tests.tiny_model import _train_tokenizer

TOKENIZER = _train_tokenizer()
PIECES = Pieces(TOKENIZER)


def pieces_of(text):
    return [PIECES.text(token_id) for token_id in TOKENIZER.encode(text, add_special_tokens=False).ids]


def test_every_byte_has_one_character_of_the_byte_alphabet():
    assert sorted(_BYTE_OF.values()) == list(range(256))
    assert (_BYTE_OF["Ġ"], _BYTE_OF["Ċ"], _BYTE_OF["a"]) == (0x20, 0x0A, 0x61)


def test_part_of_a_character_is_shown_as_its_bytes():
    assert "".join(pieces_of("…")) == "⟨0xE2⟩⟨0x80⟩⟨0xA6⟩"
    assert "".join(pieces_of("low, high")) == "low, high"


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_the_pieces_of_an_ascii_text_are_the_text(text):
    assert "".join(pieces_of(text)) == text


@given(st.text(st.characters(exclude_characters="⟨", exclude_categories=["Cs"])))
def test_no_byte_of_any_text_is_lost(text):
    shown = re.sub("⟨0x(..)⟩", lambda stray: chr(0xDC00 + int(stray[1], 16)), "".join(pieces_of(text)))
    assert shown.encode("utf-8", errors="surrogateescape").decode() == text


def test_control_tokens_are_known_and_keep_their_name():
    (token_id,) = TOKENIZER.encode("<|im_end|>", add_special_tokens=False).ids
    assert PIECES.is_control(token_id)
    assert PIECES.text(token_id) == "<|im_end|>"
    assert not PIECES.is_control(TOKENIZER.token_to_id("a"))


def test_tokens_of_a_sentencepiece_vocabulary_are_read_too():
    vocab = {"▁the": 0, "<0x0A>": 1, "<0xE2>": 2, "s": 3}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="s"))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    pieces = Pieces(tokenizer)
    assert [pieces.text(token_id) for token_id in range(4)] == [" the", "\n", "⟨0xE2⟩", "s"]


def test_an_id_without_a_token_is_named():
    assert PIECES.text(99_999) == "⟨no token 99999⟩"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        (" a\n", "·a↵"),
        ("\t\r", "⇥␍"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u00a0", "⟨U+00A0⟩"),
        ("ü分🧪", "ü分🧪"),
        ("", ""),
    ],
)
def test_white_space_and_invisible_characters_are_made_visible(text, visible):
    assert make_visible(text) == visible
