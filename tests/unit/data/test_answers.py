import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.answers import check_label_counts, check_lengths, check_placeholders, measure_balance


def found(labels):
    return {item.code: item for item in check_label_counts(labels, range(1, len(labels) + 1))}


def test_balance_by_hand():
    balance = measure_balance({"a": 3, "b": 1, "c": 0})
    assert (balance.num_labels, balance.majority, balance.majority_share) == (2, "a", 0.75)
    # Entropy 0.75 ln(4/3) + 0.25 ln 4 = 0.5623.
    assert math.isclose(balance.effective_labels, math.exp(0.5623351), rel_tol=1e-6)


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 50), min_size=1, max_size=8))
def test_effective_labels_lie_between_one_and_their_number(counts):
    balance = measure_balance(counts)
    assert 1 - 1e-9 <= balance.effective_labels <= len(counts) + 1e-9
    equal = measure_balance(dict.fromkeys(counts, 7))
    assert math.isclose(equal.effective_labels, len(counts))


def test_rare_labels_are_told_with_their_lines_and_counts():
    rare = found(["a"] * 10 + ["b"] * 5 + ["c"] * 4 + ["d"])["rare_label"]
    assert (rare.severity, rare.count, rare.lines) == ("warning", 5, (16, 17, 18, 19, 20))
    assert "2 of 4 labels" in rare.message
    assert "'c' (4), 'd' (1)" in rare.message


def test_a_majority_above_four_fifths_is_told_and_what_it_means():
    assert found(["low"] * 80 + ["high"] * 20) == {}
    told = found(["low"] * 81 + ["high"] * 19)["majority_label"]
    assert told.message.startswith("81.0 % of the train rows are 'low'")
    assert "accuracy of about 81.0 %" in told.message
    assert found(["low"] * 81) == {}


@pytest.mark.parametrize(
    "text", ["N/A", "n/a ", "none", "NaN", "-", "—", "?", "NA", "", "  ", "Not available"]
)
def test_answers_that_stand_for_a_missing_one_are_told(text):
    (finding,) = check_placeholders(["five grams", text, text], [1, 4, 6])
    assert (finding.code, finding.severity, finding.lines, finding.count) == (
        "placeholder_answer",
        "warning",
        (4, 6),
        2,
    )
    assert "2 of 3 answers" in finding.message


@pytest.mark.parametrize("text", ["Na", "Nd", "no", "0", "No compound is known.", "unknown acid", "nano"])
def test_other_short_answers_are_answers(text):
    assert check_placeholders([text], [1]) == []


def test_a_minus_beside_a_plus_is_a_label_and_none_may_be_one():
    assert check_placeholders(["+", "-"], [1, 2], are_labels=True) == []
    (finding,) = check_placeholders(["none", "mild"], [1, 2], are_labels=True)
    assert finding.severity == "note"


def test_answers_far_longer_than_the_others_are_told_with_the_longest():
    texts = ["x" * length for length in range(80, 120)]
    assert check_lengths(texts, range(1, 41)) == []
    # Quartiles 89.75 and 109.25; three times log 1.5 above the upper one lie 369 characters.
    (finding,) = check_lengths([*texts, "x" * 360, "y" * 400, "z" * 5000], range(1, 44))
    assert (finding.code, finding.lines, finding.count) == ("length_outlier", (42, 43), 2)
    assert "The longest has 5,000 (line 43)" in finding.message


def test_a_wide_spread_is_no_outlier_and_few_rows_say_nothing():
    assert check_lengths(["x" * 2**power for power in range(15)] * 3, range(45)) == []
    assert check_lengths(["x"] * 5 + ["x" * 9999], range(6)) == []


def test_equal_lengths_make_no_outlier_of_a_slightly_longer_one():
    assert check_lengths(["yes"] * 50 + ["nope!"], range(51)) == []


def test_the_noun_is_the_callers():
    (finding,) = check_lengths(["x"] * 50 + ["x" * 99], range(51), noun="prompts")
    assert "1 of 51 prompts" in finding.message
