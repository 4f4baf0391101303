import json
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.json_record import read_record
from aliquot.data.structured_answers import choose_separator, find_json, find_set

GROUPS = ("alcohol", "amine", "ketone", "ether", "ester")


def listed(mark, size=3):
    return Counter(mark.join(items) for items in permutations(GROUPS, size))


@pytest.mark.parametrize("text", ['{"a": 1}', "[]", ' [1, {"b": null}]\n', "{}"])
def test_objects_and_arrays_are_json_records(text):
    assert read_record(text) is not None


@pytest.mark.parametrize(
    "text", ["3", '"a"', "null", "", "{a: 1}", "{'a': 1}", '{"a": 1} and so on', "[NaN]", "{"]
)
def test_other_texts_are_not(text):
    assert read_record(text) is None


def test_json_is_told_with_its_keys_and_their_counts():
    counts = Counter({'{"name": "x", "value": 1}': 3, '{"name": "y"}': 2, "[1]": 1})
    assert find_json(counts) == (
        "6 of 6 references are JSON objects or arrays; keys: 'name' (5), 'value' (3)."
    )
    assert find_json(Counter({"[1]": 2})) == "2 of 2 references are JSON arrays."


def test_from_95_percent_on_others_are_mistakes():
    assert find_json(Counter({"{}": 95, "oops": 5})) is not None
    assert find_json(Counter({"{}": 94, "oops": 6})) is None
    assert find_json(Counter()) is None


@pytest.mark.parametrize(
    ("mark", "name"),
    [("; ", "parted by semicolons"), (", ", "parted by commas"), ("\n", "parted by line ends")],
)
def test_sets_are_told_with_their_items(mark, name):
    separator, said = find_set(listed(mark)) or ("", "")
    assert separator == mark.strip(" ")
    # 5 * 4 * 3 lists of three; each of five items stands in 36.
    assert said.startswith(
        f"60 of 60 references list several items, {name}: 5 different items, used 180 times"
    )
    assert "'alcohol' (36)" in said


def test_json_lists_of_recurring_texts_are_sets():
    lists = Counter(json.dumps(items) for items in permutations(GROUPS, 3))
    assert (find_set(lists) or ("",))[0] == "json"
    assert (find_set(lists + Counter({'{"a": 1}': 1})) or ("",))[0] != "json"


@pytest.mark.parametrize(
    ("texts", "separator"),
    [
        (['["a"]', "[]"], "json"),
        (["a; b", "c, d; e"], ";"),
        (["a, b", "c"], ","),
        (["a\nb"], "\n"),
        (["a"], "\n"),
    ],
)
def test_of_what_the_user_calls_sets_the_usual_separator_is_taken(texts, separator):
    assert choose_separator(Counter(texts)) == separator


def test_sets_of_one_may_be_among_them():
    assert find_set(listed("; ") + Counter({"alcohol": 59})) is not None
    assert find_set(listed("; ") + Counter({"alcohol": 61})) is None


@pytest.mark.parametrize(
    "texts",
    [
        [f"In water, compound {i} dissolves, and heat is set free at {i} degrees" for i in range(60)],
        [f"{i / 7:.2f}, {i / 9:.2f}" for i in range(60)],  # coordinates
        [f"{i % 6}, {i % 5}, {i % 7}" for i in range(210)],  # vectors of recurring numbers
        [f"CC(C)C{'C' * i}.Cl" for i in range(60)],
        [f"Name{i}, Firstname{i % 50}" for i in range(100)],
        ["a, b"] * 9,  # too few
    ],
)
def test_sentences_vectors_and_names_are_no_sets(texts):
    assert find_set(Counter(texts)) is None


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        min_size=1,
    )
)
def test_whatever_json_writes_is_recognised(values):
    texts = [json.dumps({"value": value}) for value in values]
    assert "'value'" in (find_json(Counter(texts)) or "")


@given(st.text())
def test_any_text_is_judged(text):
    assert isinstance(read_record(text), str | None)
    assert find_set(Counter([text])) is None
