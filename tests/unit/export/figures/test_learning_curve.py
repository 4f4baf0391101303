"""The figure of a learning curve: where points stand, and where measuring ends."""

import itertools
import re

from aliquot.export.figures.learning_curve import learning_curve
from tests.fixtures.curves import make_curve, make_curve_report

ERRORS = {100: 0.5, 200: 0.4, 400: 0.32, 800: 0.26}


def dots(svg, radius):
    return [
        (float(x), float(y)) for x, y in re.findall(rf'<circle cx="([\d.]+)" cy="([\d.]+)" r="{radius}"', svg)
    ]


def test_doublings_are_equally_far_apart_and_better_scores_stand_higher():
    points = dots(learning_curve(make_curve_report(make_curve(ERRORS))), "4.5")
    steps = [right[0] - left[0] for left, right in itertools.pairwise(points)]
    assert len(points) == 4
    assert max(steps) - min(steps) < 0.05
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)


def test_every_size_is_a_tick_and_nothing_is_drawn_beyond_four_times_the_rows():
    svg = learning_curve(make_curve_report(make_curve(ERRORS)))
    for number in ("100", "200", "400", "800", "1,600", "3,200"):
        assert f">{number}</text>" in svg
    assert ">6,400</text>" not in svg
    assert "expected, not measured" in svg


def test_baselines_and_the_base_are_named_with_their_last_values():
    svg = learning_curve(
        make_curve_report(make_curve(ERRORS), make_curve({100: 0.6, 800: 0.45}, model="linear"))
    )
    assert ">Linear 0.550</text>" in svg
    assert ">Base 0.300</text>" in svg
    assert len(dots(svg, "2.5")) == 2


def test_three_sizes_have_no_fit_no_band_and_no_future():
    svg = learning_curve(make_curve_report(make_curve({200: 0.4, 400: 0.32, 800: 0.26})))
    assert "polygon" not in svg
    assert "expected, not measured" not in svg
    assert len(dots(svg, "4.5")) == 3


def test_the_description_holds_the_figures():
    svg = learning_curve(make_curve_report(make_curve(ERRORS)))
    assert "0.500 with 100 rows" in svg
    assert "0.740 with 800 rows" in svg
