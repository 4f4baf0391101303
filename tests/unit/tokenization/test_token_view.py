from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.conversation import Message
from aliquot.core.token_view import TokenView
from aliquot.errors import InputError
from aliquot.tokenization.token_view import view_conversation, view_text
from tests.fixtures.encoders import REWRITING, make_encoder
from tests.tiny_model import CHAT_TEMPLATE

ENCODER = make_encoder()
ASK, YES = Message("user", "high?"), Message("assistant", "high")
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_characters="<|"), max_size=20)


def parts(sequence):
    """The text of each stretch of tokens of one role."""
    groups = groupby(sequence.tokens, key=lambda token: token.role)
    return [(role, "".join(token.text for token in tokens)) for role, tokens in groups]


def test_the_tokens_are_those_of_training():
    (sequence,) = view_conversation((ASK, YES), ENCODER)
    row = ENCODER.encode((ASK, YES))
    assert tuple(token.id for token in sequence.tokens) == row.token_ids
    assert tuple(token.is_trained for token in sequence.tokens) == row.is_trained
    assert (sequence.num_tokens, sequence.num_trained_tokens) == (len(row.token_ids), sum(row.is_trained))


def test_each_message_has_its_role_and_the_template_has_none():
    (sequence,) = view_conversation((Message("system", "be brief"), ASK, YES), ENCODER)
    assert parts(sequence) == [
        ("", "<|im_start|>system\n"),
        ("system", "be brief"),
        ("", "<|im_end|>\n<|im_start|>user\n"),
        ("user", "high?"),
        ("", "<|im_end|>\n<|im_start|>assistant\n"),
        ("assistant", "high"),
        ("", "<|im_end|>"),
    ]


def test_a_word_that_the_template_writes_too_is_not_taken_for_the_message():
    (sequence,) = view_conversation((Message("user", "user"), Message("assistant", "assistant")), ENCODER)
    assert [part for part in parts(sequence) if part[0]] == [("user", "user"), ("assistant", "assistant")]
    assert parts(sequence)[0][1].startswith("<|im_start|>user")


def test_a_template_that_rewrites_earlier_turns_gives_every_branch():
    encoder = make_encoder(REWRITING)
    first, second = view_conversation((ASK, YES, ASK, Message("assistant", "low")), encoder)
    trained = [
        "".join(token.text for token in sequence.tokens if token.is_trained) for sequence in (first, second)
    ]
    assert trained == ["high<|im_end|>", "low<|im_end|>"]
    assert [role for role, _ in parts(second) if role] == ["user", "assistant", "user", "assistant"]
    text = "".join(token.text for token in second.tokens)
    assert text.count("<think>") == 1 and "assistant\nhigh" in text


def test_roles_are_left_out_where_the_template_counts_a_message():
    counted = "message['role'] + (message['content'] | length | string if loop.first else '') +"
    encoder = make_encoder(CHAT_TEMPLATE.replace("message['role'] +", counted))
    (sequence,) = view_conversation((ASK, YES), encoder)
    assert {token.role for token in sequence.tokens} == {""}
    assert sequence.num_trained_tokens > 1


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_every_message_is_found_whole_whatever_it_says(turns):
    messages = [
        message for ask, answer in turns for message in (Message("user", ask), Message("assistant", answer))
    ]
    (sequence,) = view_conversation(messages, ENCODER)
    assert tuple(token.id for token in sequence.tokens) == ENCODER.encode(messages).token_ids
    said = "".join(message.content.strip() for message in messages).encode()
    seen = sum(_num_bytes(token.text) for token in sequence.tokens if token.role)
    # A token may also hold white space around a message, or the line end before it.
    assert len(said) <= seen <= len(said) + sum(len(message.content) + 2 for message in messages)


def _num_bytes(text):
    return len(text.encode()) - text.count("⟨0x") * (len("⟨0xE2⟩".encode()) - 1)


def test_a_row_that_trains_nothing_is_refused():
    with pytest.raises(InputError):
        view_conversation((ASK, Message("assistant", "high", weight=0)), ENCODER)


def test_a_text_is_shown_in_its_windows_and_says_why_they_are_several():
    sequences = view_text("The colour of zinc is grey. " * 3, ENCODER, 16)
    assert len(sequences) > 1
    assert [sequence.tokens[0].id for sequence in sequences[1:]] == [
        one.tokens[-1].id for one in sequences[:-1]
    ]
    assert sequences[0].tokens[0].role == sequences[-1].tokens[-1].role == ""
    assert all(not one.tokens[0].is_trained and one.tokens[1].is_trained for one in sequences)
    view = TokenView(
        example_id="a", line=1, split="train", base="tiny", sequences=sequences, num_sequences=len(sequences)
    )
    assert "its context" in view.why_several
