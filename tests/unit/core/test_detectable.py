import math

import pytest

from aliquot.core.detectable import (
    describe_detectable,
    detectable_difference,
    items_needed,
    wilson_half_width,
)

HALF_WIDTHS = {
    50: (0.134, 0.109),
    100: (0.096, 0.078),
    200: (0.069, 0.055),
    500: (0.044, 0.035),
    1000: (0.031, 0.025),
}
ITEMS = {
    (0.1, 0.02): 1960, (0.1, 0.03): 870, (0.1, 0.05): 312,
    (0.2, 0.02): 3923, (0.2, 0.03): 1742, (0.2, 0.05): 626, (0.2, 0.10): 155, (0.2, 0.15): 68,
    (0.3, 0.02): 5885, (0.3, 0.03): 2614, (0.3, 0.05): 940, (0.3, 0.10): 234, (0.3, 0.15): 103,
}  # fmt: skip


@pytest.mark.parametrize("num_items", HALF_WIDTHS)
def test_wilson_half_widths_are_the_published_ones(num_items):
    widths = tuple(round(wilson_half_width(num_items, p), 3) for p in (0.5, 0.8))
    assert widths == HALF_WIDTHS[num_items]


@pytest.mark.parametrize(("discordant", "difference"), ITEMS)
def test_items_needed_are_the_published_ones(discordant, difference):
    assert abs(items_needed(difference, discordant) - ITEMS[discordant, difference]) <= 1


@pytest.mark.parametrize(("discordant", "difference"), ITEMS)
def test_the_detectable_difference_is_the_published_one(discordant, difference):
    found = detectable_difference(ITEMS[discordant, difference], discordant)
    assert math.isclose(found, difference, rel_tol=0.01)


def test_too_few_discordant_items_find_no_difference():
    # About (1.96 + 0.84)^2 = 7.8 of them are needed when all are on one side.
    assert detectable_difference(100, 0.07) is None
    assert detectable_difference(100, 0.08) == pytest.approx(0.08, rel=0.05)
    assert detectable_difference(100, 0.0) is None


def test_wilson_by_hand():
    # n = 1, p = 1/2: z sqrt(1/4 + z^2/4) / (1 + z^2), z = 1.96: 1.96 * 1.1002 / 4.8416
    assert math.isclose(wilson_half_width(1), 0.4454, abs_tol=1e-3)


@pytest.mark.parametrize("num_items", [50, 100, 501, 5000])
def test_the_difference_told_is_the_smallest_that_this_many_items_find(num_items):
    found = describe_detectable(num_items)
    assert items_needed(found.difference * 1.001, found.discordant) <= num_items
    assert items_needed(found.difference * 0.99, found.discordant) > num_items


def test_a_larger_test_finds_smaller_differences():
    differences = [describe_detectable(size).difference for size in (10, 30, 50, 100, 1000, 10_000)]
    assert differences == sorted(differences, reverse=True)


def test_the_sentence_names_the_figures():
    sentence = describe_detectable(501).sentence
    assert "501 test rows" in sentence
    assert "±4.4 points" in sentence
    assert "5.6 points or more" in sentence


def test_a_handful_of_rows_shows_nothing_and_says_so():
    assert "no difference" in describe_detectable(3).sentence
    assert describe_detectable(0) is None


@pytest.mark.parametrize(("difference", "discordant"), [(0, 0.2), (0.3, 0.2)])
def test_impossible_differences_are_refused(difference, discordant):
    with pytest.raises(ValueError, match="cannot come from"):
        items_needed(difference, discordant)
