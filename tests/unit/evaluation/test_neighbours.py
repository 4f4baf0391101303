import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.evaluation import neighbours
from aliquot.evaluation.neighbours import find_nearest

SYSTEM = Message("system", "Answer in a word.")


def row(number, prompt, answer="?"):
    messages = (SYSTEM, Message("user", prompt), Message("assistant", answer))
    return StoredExample(example_id=f"{number}.0", line=number, messages=messages)


def prompts(rows):
    return [one.prompt[-1].content for one in rows]


def test_nearest_rows_by_hand():
    # "ab" has the n-grams a, b, ab. "abc" has all three, "a" one, "zz" none.
    train = [row(1, "zz"), row(2, "abcdefgh"), row(3, "abc")]
    assert prompts(find_nearest(train, [row(9, "ab")], 3)[0]) == ["abc", "abcdefgh", "zz"]


def test_the_larger_cosine_wins():
    # Weights: 1 + ln(count), times 1 + ln(3 / (1 + rows of train with it)): b 1, the others 1.405.
    # "ab" = (a 1.405, b 1, ab 1.405), of length 2.225. With "b" = (b 1): 1 / 2.225 = 0.449. With
    # "abb" = (a 1.405, b 1.693, ab, bb and abb 1.405), of length 3.281: 5.643 / (2.225 x 3.281) = 0.773.
    train = [row(1, "b"), row(2, "abb")]
    assert prompts(find_nearest(train, [row(9, "ab")], 2)[0]) == ["abb", "b"]


def test_equally_near_rows_come_in_the_order_of_train():
    train = [row(1, "ax"), row(2, "ay"), row(3, "az")]
    assert prompts(find_nearest(train, [row(9, "a")], 2)[0]) == ["ax", "ay"]
    assert prompts(find_nearest(train[::-1], [row(9, "a")], 2)[0]) == ["az", "ay"]


@pytest.mark.parametrize("own", ["CaTiO3", "  catio3.", "CaTiO₃", "CaTiO3\n"])
def test_a_row_with_the_item_s_own_prompt_is_never_shown(own):
    train = [row(1, own, "perovskite"), row(2, "CaO", "rock salt"), row(3, "BaTiO3", "other")]
    shown = find_nearest(train, [row(9, "CaTiO3")], 3)[0]
    assert prompts(shown) == ["BaTiO3", "CaO"]


def test_of_train_rows_with_one_prompt_the_first_is_shown():
    train = [row(1, "CaO", "first"), row(2, "CaO", "second"), row(3, "MgO", "x")]
    shown = find_nearest(train, [row(9, "CaO2")], 3)[0]
    assert [one.reference for one in shown] == ["first", "x"]


def test_an_item_of_train_does_not_find_itself():
    train = [row(number, text, text) for number, text in enumerate(["aa", "ab", "bb"])]
    for item, shown in zip(train, find_nearest(train, train, 3), strict=True):
        assert item.reference not in [one.reference for one in shown]
        assert len(shown) == 2


@given(st.lists(st.text("abC ", min_size=1, max_size=6), min_size=1, max_size=12), st.integers(0, 99))
def test_the_own_answer_can_not_be_shown_and_the_order_of_items_does_not_matter(texts, seed):
    # Every answer is unique to its prompt as people would tell prompts apart.
    rows = [row(number, text, " ".join(text.casefold().split())) for number, text in enumerate(texts)]
    found = dict(zip(texts, find_nearest(rows, rows, 4), strict=True))
    for item, shown in found.items():
        assert " ".join(item.casefold().split()) not in [one.reference for one in shown]
    mixed = random.Random(seed).sample(rows, len(rows))
    assert {
        one.prompt[-1].content: shown for one, shown in zip(mixed, find_nearest(rows, mixed, 4), strict=True)
    } == found


def test_without_the_exclusion_the_own_answer_would_be_the_first_shot(monkeypatch):
    # The negative control: what the tests above would see if nothing was excluded.
    monkeypatch.setattr(neighbours, "fold", lambda text: object())
    train = [row(1, "CaO", "own"), row(2, "MgO", "other")]
    assert find_nearest(train, [row(9, "CaO")], 1)[0][0].reference == "own"


def test_no_train_rows_give_no_neighbours():
    assert find_nearest([], [row(9, "a")], 3) == [[]]
