from dataclasses import replace
from xml.etree import ElementTree

import pytest

from aliquot.core.result import Interval, Reliability, ReliabilityBin
from aliquot.export.figures.reliability_diagram import Panel, reliability_diagram

SVG = "{http://www.w3.org/2000/svg}"


def _bin(confidence, accuracy, *, num_items=20, width=0.1, has_interval=True):
    interval = Interval(low=accuracy - 0.1, high=accuracy + 0.05, confidence=0.95, method="wilson")
    return ReliabilityBin(
        num_items=num_items,
        low=confidence - width / 2,
        high=confidence + width / 2,
        mean_confidence=confidence,
        accuracy=accuracy,
        interval=interval if has_interval else None,
    )


def _panel(*bins, title="Tuned", mass=0.97):
    reliability = Reliability(model="tuned", bins=bins, mean_label_mass=mass)
    return Panel(title=title, reliability=reliability, is_tuned=True)


def _all(picture, tag):
    return list(ElementTree.fromstring(picture).iter(f"{SVG}{tag}"))


def _whiskers(picture):
    return [each for each in _all(picture, "line") if each.get("stroke") == "#0067a5"]


def test_a_dot_lies_at_its_confidence_and_accuracy():
    first, second, third = _all(
        reliability_diagram([_panel(_bin(0.6, 0.4), _bin(0.7, 0.5), _bin(0.9, 0.9))]), "circle"
    )
    across = [float(each.get("cx")) for each in (first, second, third)]
    up = [float(each.get("cy")) for each in (first, second, third)]
    assert across[2] - across[1] == pytest.approx(2 * (across[1] - across[0]), abs=0.02)
    assert up[1] - up[2] == pytest.approx(4 * (up[0] - up[1]), abs=0.05)


def test_a_dot_on_the_diagonal_is_as_sure_as_it_is_right():
    picture = reliability_diagram([_panel(_bin(0.75, 0.75))])
    diagonal = next(each for each in _all(picture, "line") if each.get("stroke-dasharray"))
    dot = _all(picture, "circle")[0]
    middle = [(float(diagonal.get(f"{axis}1")) + float(diagonal.get(f"{axis}2"))) / 2 for axis in "xy"]
    assert [float(dot.get("cx")), float(dot.get("cy"))] == pytest.approx(middle, abs=0.02)


def test_whiskers_are_the_intervals_and_absent_without_them():
    whisker = _whiskers(reliability_diagram([_panel(_bin(0.75, 0.7))]))[0]
    assert float(whisker.get("y1")) - float(whisker.get("y2")) == pytest.approx(0.15 * 200, abs=0.02)
    assert _whiskers(reliability_diagram([_panel(_bin(0.75, 0.7, has_interval=False))])) == []


def test_the_area_of_a_bar_is_its_number_of_items():
    bins = (_bin(0.6, 0.5, num_items=10, width=0.05), _bin(0.8, 0.5, num_items=40, width=0.1))
    bars = _all(reliability_diagram([_panel(*bins)]), "rect")
    areas = [float(bar.get("width")) * float(bar.get("height")) for bar in bars]
    assert areas[1] == pytest.approx(4 * areas[0], rel=0.01)


def test_equal_confidences_make_a_bar_that_is_not_infinite():
    bar = _all(reliability_diagram([_panel(_bin(0.6, 0.5, width=0.0))]), "rect")[0]
    assert 0 < float(bar.get("width")) < 5
    assert float(bar.get("height")) <= 34


def test_the_axis_of_confidence_begins_where_two_labels_do():
    def first_mark(bins):
        texts = [each.text for each in _all(reliability_diagram([_panel(*bins)]), "text")]
        return texts[texts.index("1.0") + 1]

    assert first_mark([_bin(0.75, 0.7)]) == "0.5"
    assert first_mark([_bin(0.3, 0.2)]) == "0.0"


def test_each_panel_has_its_title_and_its_mass():
    texts = [
        each.text
        for each in _all(
            reliability_diagram([_panel(_bin(0.7, 0.7)), _panel(_bin(0.7, 0.7), title="Base", mass=None)]),
            "text",
        )
    ]
    assert {"Tuned", "Base", "probability on the labels: 0.970", "probability on the labels: –"} <= set(texts)


def test_figures_of_the_bins_are_read_out_and_titles_escaped():
    picture = reliability_diagram([replace(_panel(_bin(0.7, 0.65)), title="<b>&")])
    assert "0.70 sure, 0.65 right of 20" in picture
    assert "<b>" not in picture
    ElementTree.fromstring(picture)


@pytest.mark.parametrize("number", [0, 4])
def test_no_panel_and_too_many_are_refused(number):
    with pytest.raises(ValueError, match="1 to 3 panels"):
        reliability_diagram([_panel(_bin(0.7, 0.7))] * number)
