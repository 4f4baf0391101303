import pytest

from aliquot.core.wording import in_sentence, p_text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Macro F1", "macro F1"),
        ("R²", "R²"),
        ("F1 of fields", "F1 of fields"),
        ("Matthews correlation", "Matthews correlation"),
        ("BLEU", "BLEU"),
    ],
)
def test_headings_inside_a_sentence(title, text):
    assert in_sentence(title) == text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (0.00001, "p < 0.001"),
        (0.0009, "p < 0.001"),
        (0.0124, "p = 0.012"),
        (0.023, "p = 0.023"),
        (0.0496, "p = 0.0496"),
        (0.0504, "p = 0.0504"),
        (0.6, "p = 0.6"),
        (0.674, "p = 0.67"),
        (1.0, "p = 1"),
    ],
)
def test_p_values_as_journals_print_them_and_never_on_the_wrong_side_of_the_level(p_value, text):
    assert p_text(p_value) == text
