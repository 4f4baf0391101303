import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.keys import Turn, exact_prompt, fold, normalise, number_rows, number_turns
from tests.unit.data.rows import example


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is water wet?", "is  Water wet?"),
        ("A test of H\u2082O", "A test of H2O"),
        ("ｆｕｌｌ width", "full width"),
        ("Don't stop (Now)", "don't stop (now)"),
        ("Well-known facts", "well-known facts"),
        ("Größe messen", "größe messen"),
        (" CCO\n", "CCO"),
    ],
)
def test_case_of_words_width_and_spacing_do_not_count(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CCO", "cco"),
        ("Co", "co"),
        ("Solubility of CCO?", "Solubility of cco?"),
        ("Is CO toxic?", "Is Co toxic?"),
        ("c1ccccc1O in water", "C1CCCCC1O in water"),
        ("a 0.5 M solution", "a 0.5 m solution"),
        ("25 mPa applied", "25 MPa applied"),
        ("about 10⁵ cells", "about 105 cells"),
        ("about 10⁻⁵ cells", "about 10⁵ cells"),
        ("gene Abc1 found", "gene abc1 found"),
    ],
)
def test_case_and_exponents_that_carry_meaning_count(one, other):
    assert normalise(one) != normalise(other)


def test_a_label_is_folded_whole():
    assert fold("HIGH ") == fold("high") == "high"


def test_each_message_of_a_prompt_is_read_alike():
    first = example("Is CCO polar?", "yes", system="You Answer")
    second = example("is CCO  polar?", "no", system="you answer")
    (one, one_reading), (other, other_reading) = (number_turns(exact_prompt(row)) for row in (first, second))
    assert one != other
    assert one_reading == other_reading


TEXTS = st.sampled_from(["a", "b", "ab", "Is CCO", "is CCO", "a  b", " a", "é", "a\nb", "10⁵"]) | st.text(
    "aA é\n"
)
TURNS = st.builds(Turn, st.sampled_from(["system", "user", "assistant", "tools"]), TEXTS)


@given(st.lists(st.lists(TURNS, min_size=1, max_size=4).map(tuple), min_size=1, max_size=50))
def test_many_rows_have_the_numbers_that_each_has_alone(rows):
    numbers = zip(*(column.tolist() for column in number_rows(rows)), strict=True)
    assert list(numbers) == [number_turns(row) for row in rows]


@given(st.lists(st.lists(TURNS, min_size=1, max_size=4).map(tuple), min_size=2, max_size=12, unique=True))
def test_different_turns_have_different_numbers_in_whatever_order_they_stand(rows):
    assert len({number_turns(row)[0] for row in rows}) == len(rows)


@given(st.text())
def test_reading_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
