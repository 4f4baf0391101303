import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.result import Interval, MetricValue, ModelResult
from aliquot.export import wording as w


def _interval(low, high):
    return Interval(low=low, high=high, confidence=0.95, method="wilson")


def _result(title, kind):
    value = MetricValue(
        metric="accuracy", value=0.9, interval=None, num_items=9, unit="share", direction="higher"
    )
    return ModelResult(model="m", title=title, split="test", kind=kind, primary=value, metrics=(value,))


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.9, 2, "0.90"),
        (-0.004, 2, "0.00"),
        (-1.5, 1, "−1.5"),
        (12345.6, 0, "12,346"),
        (None, 2, "–"),
        (math.nan, 2, "–"),
    ],
)
def test_a_number_has_fixed_decimals_and_a_true_minus(value, decimals, text):
    assert w.fixed(value, decimals) == text


def test_a_difference_shows_its_sign_but_zero_has_none():
    assert [w.fixed(value, 2, is_signed=True) for value in (0.2, -0.2, 0.0)] == ["+0.20", "−0.20", "0.00"]


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_printed_number_reads_back_as_the_rounded_one(value, decimals):
    back = float(w.fixed(value, decimals).replace(",", "").replace("−", "-"))
    assert back == pytest.approx(value, abs=0.5001 * 10**-decimals)


@pytest.mark.parametrize(("half_width", "decimals"), [(0.03, 2), (0.008, 3), (0.0004, 4), (1.1, 2), (50, 2)])
def test_decimals_follow_the_interval(half_width, decimals):
    assert w.decimals_for([_interval(0.5 - half_width, 0.5 + half_width), None]) == decimals


def test_without_an_interval_there_are_three_decimals():
    assert w.decimals_for([None, _interval(1.0, 1.0)]) == 3


def test_a_metric_is_printed_with_its_interval():
    value = MetricValue(
        metric="accuracy",
        value=0.9,
        interval=_interval(0.867, 0.926),
        num_items=400,
        unit="share",
        direction="higher",
    )
    assert w.metric_text(value, 3) == "0.900 [0.867, 0.926]"
    assert w.metric_text(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (192, "3 min 12 s"), (7500, "2 h 05 min")]
)
def test_durations_have_at_most_two_units(seconds, text):
    assert w.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(20, "under a minute"), (100, "about 2 min"), (7500, "about 2 h 00 min")]
)
def test_estimates_are_rough(seconds, text):
    assert w.rough_duration(seconds) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(999, "999 bytes"), (1500, "1.5 kB"), (98_000_000, "98 MB"), (1.24e9, "1.2 GB"), (5e12, "5,000.0 GB")],
)
def test_sizes_are_decimal(num_bytes, text):
    assert w.size(num_bytes) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5e-4, "", "0.0005"),
        (1, "epochs", "1 epoch"),
        (4, "rows", "4 rows"),
        (1, "s", "1 s"),
        (None, "s", "–"),
        (True, "", "yes"),
        (["q_proj", "v_proj"], "", "q_proj, v_proj"),
        ([], "", "none"),
    ],
)
def test_settings_are_printed_for_reading(value, unit, text):
    assert w.setting_text(value, unit) == text


def test_a_metric_is_called_as_it_was_measured_and_by_its_name_in_older_records():
    old, new = _result("m", "base").primary, replace(_result("m", "base").primary, title="Share right")
    assert (w.metric_title(old), w.metric_title(new)) == ("Accuracy", "Share right")
    assert w.primary_title(None, "field_f1") == "Field f1"


def test_words_in_sentences():
    assert w.heading(_result("base, few-shot", "base")) == "Base, few-shot"
    assert w.heading(_result("llama", "external")) == "llama"
    assert w.listed(["a", "b", "c"]) == "a, b and c"
    assert w.count(1, "row") == "1 row"
    assert w.count(1600, "row") == "1,600 rows"
    assert w.with_unit("Likelihood", "nats") == "Likelihood (nats)"
    assert w.with_unit("Accuracy", "share") == "Accuracy"
    assert w.method_title("wilson") == "Wilson"
    assert w.moment("2026-11-05T09:30:00Z") == "2026-11-05 09:30 UTC"
    assert w.moment("yesterday") == "yesterday"


def test_counts_of_one_token_are_in_the_singular():
    assert w.count_tokens(1, 1) == "1 token, 1 trained (100 %)"
    assert w.count_tokens(1600, 32) == "1,600 tokens, 32 trained (2 %)"
