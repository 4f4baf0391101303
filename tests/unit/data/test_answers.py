import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.answers import check_label_counts, check_lengths, check_placeholders, measure_balance
from tests.unit.data.rows import example, table_of


def answered(*answers, lines=None, prompts=None):
    lines, prompts = lines or range(1, len(answers) + 1), prompts or ["p"] * len(answers)
    rows = zip(prompts, answers, lines, strict=True)
    return table_of([example(prompt, text, line=line, split="train") for prompt, text, line in rows])


def found(labels):
    return {item.code: item for item in check_label_counts(answered(*labels))}


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
    (finding,) = check_placeholders(answered("five grams", text, text, lines=[1, 4, 6]))
    assert (finding.code, finding.severity, finding.lines, finding.count) == (
        "placeholder_answer",
        "warning",
        (4, 6),
        2,
    )
    assert "2 of 3 answers" in finding.message


@pytest.mark.parametrize("text", ["Na", "Nd", "no", "0", "No compound is known.", "unknown acid", "nano"])
def test_other_short_answers_are_answers(text):
    assert check_placeholders(answered(text)) == []


def test_a_minus_beside_a_plus_is_a_label_and_none_may_be_one():
    assert check_placeholders(answered("+", "-"), are_labels=True) == []
    (finding,) = check_placeholders(answered("none", "mild"), are_labels=True)
    assert finding.severity == "note"


def sized(*sizes):
    """Rows whose prompts have so many characters more than the rest of the row."""
    return answered(*["a"] * len(sizes), prompts=["x" * size for size in sizes])


def test_rows_far_longer_than_the_others_are_told_with_the_longest():
    assert check_lengths(sized(*range(80, 120))) == []
    (finding,) = check_lengths(sized(*range(80, 120), 300, 5000, 6000))
    assert (finding.code, finding.lines, finding.count) == ("length_outlier", (42, 43), 2)
    assert "(line 43)" in finding.message


def test_a_wide_spread_is_no_outlier_and_few_rows_say_nothing():
    assert check_lengths(sized(*[2**power for power in range(15)] * 3)) == []
    assert check_lengths(sized(1, 1, 1, 9999)) == []


def test_equal_lengths_make_no_outlier_of_a_slightly_longer_one():
    assert check_lengths(sized(*[3] * 50, 5)) == []
