import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from aliquot.export.figures.scatter import scatter

SVG = "{http://www.w3.org/2000/svg}"


def _dots(picture):
    root = ElementTree.fromstring(picture)
    return [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter(f"{SVG}circle")]


def test_exact_answers_lie_on_the_diagonal():
    dots = _dots(scatter([(-2.0, -2.0), (0.5, 0.5), (3.0, 3.0)], title="t"))
    assert max(abs((x - dots[0][0]) + (y - dots[0][1])) for x, y in dots) < 0.02
    assert dots[0][0] < dots[1][0] < dots[2][0]


def test_an_answer_far_off_does_not_squeeze_the_others_and_is_still_shown():
    picture = scatter([(0.0, 0.1), (1.0, 0.9), (0.5, 1e9)], title="t")
    dots = _dots(picture)
    assert len(dots) == 2
    assert abs(dots[0][0] - dots[1][0]) > 100
    assert "1 beyond the axes" in picture
    assert picture.count("<polygon") == 1


def test_unreadable_and_infinite_answers_are_counted():
    picture = scatter([(0.0, 0.1), (1.0, math.inf)], title="t", num_unread=2)
    assert "3 unreadable" in picture


def test_nothing_readable_is_said():
    assert "No answer could be read as a number." in scatter([], title="t", num_unread=4)


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(allow_nan=True)), max_size=30))
def test_any_answers_give_a_whole_figure_within_its_frame(points):
    for x, y in _dots(scatter(points, title="t")):
        assert 60 <= x <= 445
        assert 10 <= y <= 400
