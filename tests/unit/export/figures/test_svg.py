from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.export.figures import svg


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.47, 0.93, [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (0, 360, [0, 100, 200, 300, 400]),
        (-6.2, 1.1, [-8, -6, -4, -2, 0, 2]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert svg.ticks(low, high) == expected


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_cover_their_range_evenly_and_are_not_many(low, span):
    marks = svg.ticks(low, low + span)
    assert marks[0] <= low + 1e-6 * span
    assert marks[-1] >= low + span - 1e-6 * span
    assert 2 <= len(marks) <= 14


def test_a_single_value_still_has_a_scale():
    marks = svg.ticks(0.5, 0.5)
    assert marks[0] < marks[-1]


def test_tick_labels_share_their_decimals():
    assert svg.tick_labels([-2, 0, 2]) == ["−2", "0", "2"]
    assert svg.tick_labels([0.4, 0.6, 0.8]) == ["0.4", "0.6", "0.8"]
    assert svg.tick_labels([0, 1000, 2000]) == ["0", "1,000", "2,000"]


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(1, 30))
def test_labels_are_spread_without_overlap_and_keep_their_order(positions, gap):
    placed = svg.spread(positions, gap)
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(ordered))
    by_position = [place for _, place in sorted(zip(positions, placed, strict=True))]
    assert by_position == ordered


def test_labels_far_apart_stay_where_they_are():
    assert svg.spread([10, 50], 18) == [10, 50]


def test_a_long_text_is_cut_to_fit():
    assert svg.shortened("short", 200) == "short"
    cut = svg.shortened("a label that is far too long for its column", 80)
    assert cut.endswith("…")
    assert svg.text_width(cut) <= 80


def test_text_is_escaped():
    assert "<b>" not in svg.text(0, 0, "<b>&")
    assert "&lt;b&gt;&amp;" in svg.text(0, 0, "<b>&")
