"""Reading answers: what counts, what is refused, and that nothing is guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.errors import InputError
from aliquot.evaluation.normaliser import NORMALISERS, build_normaliser, read_number

LABELS = ("VL", "L", "U", "M", "H")


@pytest.mark.parametrize("text", ["VL", " vl ", "VL.", "Vl!\n", "ＶＬ", "vl ."])
def test_a_label_is_read_whatever_its_case_form_and_final_punctuation(text):
    assert build_normaliser("labels-1", LABELS).read(text) == "VL"


@pytest.mark.parametrize("text", ["", "V", "VL or L", "The answer is VL", "VLL", "-VL", "VL\nL", "very low"])
def test_a_text_that_is_not_wholly_one_label_is_unparsed(text):
    assert build_normaliser("labels-1", LABELS).read(text) is None


def test_labels_that_differ_only_by_case_keep_their_case():
    read = build_normaliser("labels-1", ("c", "C")).read
    assert (read(" c "), read("C"), read("C.")) == ("c", "C", None)


def test_a_label_of_punctuation_is_not_read_out_of_an_empty_answer():
    read = build_normaliser("labels-1", ("?", "yes")).read
    assert (read("?"), read(""), read("yes")) == ("?", None, "yes")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("-3.25", -3.25),
        ("\u22123.25", -3.25),
        ("\u20133.25", -3.25),
        (" +4. ", 4.0),
        (".5", 0.5),
        ("1e-5", 1e-5),
        ("1.5E3", 1500.0),
        ("2×10⁻³", 0.002),
        ("2 x 10^-3", 0.002),
        ("1,234.5", 1234.5),
        ("-1,234,567", -1234567.0),
        ("12\u202f345", 12345.0),
        ("５", 5.0),
        ("log S = \u22123.25", -3.25),
        ("7 K", 7.0),
        ("5 mol L⁻¹", 5.0),
        ("5mg/L", 5.0),
        ("CO2: 5", 5.0),
        ("The value is 3.", 3.0),
    ],
)
def test_one_number_is_read(text, value):
    assert read_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "2 and 3",
        "5-7",
        "5\u20137",
        "5 - 7",
        "3.2 ± 0.1",
        "3.2(1)",
        "1/2",
        "½",
        "1,5",
        "12,34",
        "1234,567",
        "12 345",
        "1_000",
        "1.2.3",
        "2 x 103",
        "5x3",
        ">3",
        "<= 3",
        "- 3",
        "--3",
        "minus 3",
        "2 million",
        "inf",
        "nan",
        "1e999",
        "1e5.5",
        "٣",
        "300 K at 1 atm",
        "2,3-dimethyl",
        "v1.2",
    ],
)
def test_no_number_several_or_an_unclear_one_is_refused(text):
    assert read_number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_printed_float_is_read_back(value):
    assert read_number(repr(value)) == value
    assert read_number(f" {value!r} K") == value


@given(st.integers(-(10**15), 10**15))
def test_every_integer_with_separators_is_read_back(value):
    assert read_number(f"{value:,}") == value


@given(st.integers(0, 999), st.integers(0, 999), st.sampled_from([" ", " to ", "-", "/", " ± ", "; "]))
def test_two_numbers_are_never_read_as_one(first, second, between):
    assert read_number(f"{first}{between}{second}") is None


@given(st.text(max_size=30))
def test_any_text_is_read_as_a_finite_number_or_not_at_all(text):
    value = read_number(text)
    assert value is None or math.isfinite(value)


@given(st.sampled_from(sorted(NORMALISERS)), st.text(max_size=20))
def test_reading_what_was_read_changes_nothing(name, text):
    read = build_normaliser(name, LABELS).read
    first = read(text)
    assert first is None or read(first) == first


def test_text_is_folded_but_never_to_nothing():
    read = build_normaliser("text-1").read
    assert read("  Straße \n GRÜN. ") == "strasse grün"
    assert (read("..."), read("  ")) == ("...", None)


def test_an_unknown_normaliser_lists_the_known_ones():
    with pytest.raises(InputError, match="labels-9") as caught:
        build_normaliser("labels-9")
    assert caught.value.code == "unknown_normaliser"
    assert "number-1" in caught.value.hint
