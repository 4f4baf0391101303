import re
from xml.etree import ElementTree

from aliquot.core.result import Confusion
from aliquot.export.figures.confusion_matrix import confusion_matrix

SVG = "{http://www.w3.org/2000/svg}"


def _draw(*counts, labels=("negative", "positive")):
    return confusion_matrix(Confusion(model="tuned", labels=labels, counts=counts), title="Tuned")


def _texts(picture):
    return [each.text for each in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def _fills(picture):
    return [each.get("fill") for each in ElementTree.fromstring(picture).iter(f"{SVG}rect")]


def test_counts_and_row_shares_are_printed():
    texts = _texts(_draw((195, 14, 0), (20, 171, 0)))
    assert [text for text in texts if text.isdigit()] == ["195", "14", "20", "171"]
    assert "93 %" in texts
    assert "of 209" in texts


def test_right_answers_are_blue_and_wrong_ones_are_not():
    fills = _fills(_draw((10, 0, 0), (10, 0, 0)))
    assert fills == ["#0067a5", "#ffffff", "#c2480a", "#ffffff"]


def test_unreadable_answers_have_a_column_only_when_there_are_any():
    assert "unreadable" not in _texts(_draw((5, 1, 0), (1, 5, 0)))
    assert "unreadable" in _texts(_draw((5, 1, 2), (1, 5, 0)))
    assert "62 %" in _texts(_draw((5, 1, 2), (1, 5, 0)))


def test_a_label_without_rows_has_no_share():
    assert "–" in _texts(_draw((0, 0, 0), (1, 5, 0)))


def test_many_labels_fit_and_too_many_are_explained():
    labels = tuple(f"class number {number}" for number in range(30))
    counts = tuple(tuple(int(row == column) for column in range(31)) for row in range(30))
    picture = _draw(*counts, labels=labels)
    width = float(re.search(r'width="([\d.]+)"', picture)[1])
    assert width <= 761
    wide = tuple(f"l{number}" for number in range(31))
    assert "too many" in _draw(*[(1,) * 32] * 31, labels=wide)


def test_labels_are_escaped():
    picture = _draw((1, 0, 0), (0, 1, 0), labels=("<b>", "&"))
    assert "<b>" not in picture
    ElementTree.fromstring(picture)
