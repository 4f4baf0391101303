import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.spreadsheet_cell import plain_cell, safe_cell

STARTS = ["=", "+", "-", "@", "\t", "\r", "'", "5", "C"]


@given(st.text(st.sampled_from(STARTS), max_size=6) | st.text() | st.integers() | st.floats(allow_nan=False))
def test_every_cell_comes_back(value):
    assert plain_cell(safe_cell(value)) == value


@given(st.text(st.sampled_from(STARTS), max_size=6))
def test_no_cell_begins_like_a_formula_unless_it_is_a_number(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "@", "\t", "\r"))
    if cell.startswith(("+", "-")):
        float(cell)


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("'=1", "''=1"), ("-5", "-5"), ("'-5", "'-5"), ("'t is", "'t is")]
)
def test_by_hand(text, cell):
    assert safe_cell(text) == cell
    assert plain_cell(cell) == text
