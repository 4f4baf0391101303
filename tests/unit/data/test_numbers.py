import pytest

from aliquot.data.numbers import is_number


@pytest.mark.parametrize("text", ["1", "-0.77", "+3.", ".5", "1e-3", "2E+10", " 4 ", "−1.5"])
def test_plain_numbers_are_numbers(text):
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "1,234", "1 g", "nan", "inf", "1e", "--1", "1.2.3", "five", "٣"])
def test_other_texts_are_not(text):
    assert not is_number(text)
