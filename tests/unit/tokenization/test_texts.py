from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.tokenization.encoder import Encoder
from aliquot.tokenization.texts import TextEncoder, find_begin_token, find_end_token


@pytest.fixture(scope="module")
def encoder(prepared_dir):
    return Encoder.load(prepared_dir)


def test_a_model_without_beginning_token_begins_with_the_one_that_ends_documents(encoder):
    end = encoder.tokenizer.token_to_id("<|endoftext|>")
    assert (find_begin_token(encoder), find_end_token(encoder)) == (end, end)


def test_a_short_text_is_one_window_around_its_tokens(encoder):
    texts = TextEncoder(encoder, 64)
    [[window]] = texts.windows(["The sample is low."])
    ids = encoder.tokenizer.encode("The sample is low.", add_special_tokens=False).ids
    assert window.token_ids == (texts.begin, *ids, texts.end)
    assert window.is_trained == (False, *[True] * (len(ids) + 1))
    [[scored]] = texts.windows(["The sample is low."], with_end=False)
    assert scored.token_ids == (texts.begin, *ids)


@given(st.text("ab é.\n", min_size=1, max_size=80), st.integers(2, 20), st.booleans())
def test_windows_predict_every_token_once_and_nothing_is_longer_than_a_window(encoder, text, size, with_end):
    texts = TextEncoder(encoder, size)
    [windows] = texts.windows([text], with_end=with_end)
    ids = encoder.tokenizer.encode(text, add_special_tokens=False).ids
    trained = [
        token
        for window in windows
        for token, is_trained in zip(window.token_ids, window.is_trained, strict=True)
        if is_trained
    ]
    assert trained == [*ids, *[texts.end] * with_end]
    assert all(2 <= len(window.token_ids) <= size for window in windows)
    contexts = [window.token_ids[0] for window in windows]
    assert contexts == [texts.begin, *(window.token_ids[-1] for window in windows[:-1])]


def test_texts_encoded_together_are_those_encoded_alone(encoder):
    texts, many = TextEncoder(encoder, 8), ["One text.", "Another, longer text about copper."]
    assert texts.windows(many) == list(chain(*(texts.windows([one]) for one in many)))
