import math

import pytest

from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_text_answers

BITS, PERPLEXITY = get_metric("bits_per_byte"), get_metric("perplexity")


def test_three_bytes_of_probability_one_64th_cost_two_bits_each():
    assert BITS.compute(make_text_answers(["abc"], [-math.log(64)], [1])) == pytest.approx(2.0)


def test_two_tokens_of_probability_a_half_and_an_eighth_have_a_perplexity_of_four():
    assert PERPLEXITY.compute(make_text_answers(["ab"], [math.log(1 / 16)], [2])) == pytest.approx(4.0)


def test_long_texts_count_by_their_bytes_not_each_alike():
    answers = make_text_answers(["a" * 90, "b" * 10], [-90 * math.log(2), -80 * math.log(2)], [90, 10])
    assert BITS.compute(answers) == pytest.approx(1.7)  # not the mean of 1 and 8
    assert PERPLEXITY.compute(answers) == pytest.approx(2**1.7)


def test_a_letter_of_two_bytes_counts_twice():
    assert BITS.compute(make_text_answers(["é"], [-math.log(16)], [1])) == pytest.approx(2.0)


def test_a_model_without_probabilities_has_neither_value():
    answers = make_text_answers(["ab", "cd"], [-1.0, None], [1, 0])
    assert (BITS.compute(answers), PERPLEXITY.compute(answers)) == (None, None)


def test_a_model_without_tokens_has_bits_and_no_perplexity():
    answers = make_text_answers(["ab"], [-math.log(16)], [0])
    assert BITS.compute(answers) == pytest.approx(2.0)
    assert PERPLEXITY.compute(answers) is None


def test_mean_over_texts_would_be_another_number():
    answers = make_text_answers(["aaaa", "b"], [-4 * math.log(2), -3 * math.log(2)], [4, 1])
    assert BITS.compute(answers) != pytest.approx((1 + 3) / 2)
