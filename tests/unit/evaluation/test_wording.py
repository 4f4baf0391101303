"""Figures in words."""

import pytest

from aliquot.core.result import Interval, MetricValue
from aliquot.evaluation.metric import get_metric
from aliquot.evaluation.wording import (
    capitalise,
    format_difference,
    format_value,
    join_words,
    model_phrase,
    model_title,
)


def _interval(low, high):
    return Interval(low=low, high=high, confidence=0.95, method="bca")


def _value(value, interval):
    return MetricValue(
        metric="accuracy", value=value, interval=interval, num_items=9, unit="share", direction="higher"
    )


@pytest.mark.parametrize(
    ("metric", "difference", "low", "high", "text"),
    [
        ("accuracy", 0.25, 0.2, 0.3, "25 points [20, 30]"),
        ("accuracy", 0.01, -0.03, 0.05, "1 point [-3, 5]"),
        ("accuracy", -0.001, -0.03, 0.05, "0 points [-3, 5]"),
        ("accuracy", 0.012, 0.009, 0.015, "1.2 points [0.9, 1.5]"),
        ("mean_absolute_error", 0.417, 0.359, 0.481, "0.42 [0.36, 0.48]"),
        ("mean_absolute_error", 417, 359, 481, "417 [359, 481]"),
        ("mean_absolute_error", 0.0, 0.0, 0.0, "0.00 [0.00, 0.00]"),
    ],
)
def test_a_difference_has_as_many_digits_as_its_interval_allows(metric, difference, low, high, text):
    assert format_difference(difference, _interval(low, high), get_metric(metric)) == text


def test_a_value_shows_its_interval_or_that_it_has_none():
    assert format_value(_value(0.9, _interval(0.8655, 0.9263))) == "0.90 [0.87, 0.93]"
    assert format_value(_value(0.9, None)) == "0.9"
    assert format_value(_value(None, None)) == "undefined"


def test_the_constant_baseline_is_called_by_what_it_answers():
    assert [model_title("majority", task) for task in ("labels", "number", "text", "set", "json")] == [
        "majority class",
        "training median",
        "commonest answer",
        "commonest answer",
        "commonest answer",
    ]
    assert model_phrase("majority", "number") == "the training median"
    assert model_phrase("base_few_shot", "text") == "the few-shot base"
    assert model_title("gpt-x", "text") == model_phrase("gpt-x", "text") == "gpt-x"


def test_lists_and_capitals():
    assert [join_words(list(words)) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert capitalise("the end") == "The end"


@pytest.mark.parametrize("share", [0.335, 0.345, 0.355, 0.125, -0.335])
def test_points_and_shares_of_one_difference_round_alike(share):
    interval = Interval(low=share - 0.05, high=share + 0.05, confidence=0.95, method="x")
    points = format_difference(share, interval, get_metric("accuracy")).split()[0]
    assert points.replace("−", "-") == f"{100 * float(f'{share:.2f}'):.0f}"
