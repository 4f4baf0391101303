import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.evaluation.byte_model import ByteModel, bits_per_byte

TEXTS = st.lists(st.text("abé \n", min_size=1, max_size=20), min_size=1, max_size=5)


def test_probabilities_without_context_by_hand():
    # Train "aab": n = 3, two different bytes. p(a) = (2 + 2/256) / 5, p(c) = (0 + 2/256) / 5.
    model = ByteModel.learn(["aab"], order=0)
    found = model.next_probabilities("")
    assert found[ord("a")] == pytest.approx((2 + 2 / 256) / 5)
    assert found[ord("c")] == pytest.approx(2 / 256 / 5)


def test_one_byte_of_context_by_hand():
    # After "a": b twice, one different byte. p(b | a) = (2 + p(b)) / 3 with p(b) = (2 + 2/256) / 6.
    model = ByteModel.learn(["abab"], order=1)
    assert model.next_probabilities("a")[ord("b")] == pytest.approx((2 + (2 + 2 / 256) / 6) / 3)


def test_an_unseen_context_leaves_the_shorter_one():
    model, shorter = ByteModel.learn(["abab"], order=1), ByteModel.learn(["abab"], order=0)
    assert model.next_probabilities("z") == pytest.approx(shorter.next_probabilities(""))


@given(TEXTS, st.text("abcé", max_size=8), st.integers(0, 5))
def test_probabilities_of_the_next_byte_sum_to_one(texts, context, order):
    found = ByteModel.learn(texts, order).next_probabilities(context)
    assert found.sum() == pytest.approx(1.0)
    assert (found > 0).all()


@given(TEXTS, st.text("abc", min_size=1, max_size=8))
def test_a_text_costs_the_sum_of_its_bytes(texts, text):
    model = ByteModel.learn(texts)
    steps = [model.next_probabilities(text[:place])[ord(byte)] for place, byte in enumerate(text)]
    assert model.nats([text])[0] == pytest.approx(-math.fsum(map(math.log, steps)))


def test_each_text_begins_anew():
    model = ByteModel.learn(["abc" * 20, "cab" * 20])
    assert model.nats(["abcab", "cabca"]) == pytest.approx([*model.nats(["abcab"]), *model.nats(["cabca"])])


def test_what_was_seen_costs_less_than_noise():
    model = ByteModel.learn(["the colour of copper oxide is black. " * 30])
    noise = "".join(map(chr, np.random.default_rng(0).integers(33, 127, 38)))
    seen = "the colour of copper oxide is black."
    assert bits_per_byte(model.nats([seen])[0], seen) < 1
    assert bits_per_byte(model.nats([noise])[0], noise) > 8
