import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.findings import Findings
from aliquot.data.format import Number, Row
from aliquot.data.repair import Repair, repair_row
from aliquot.data.validate import RowValidator

USER = {"role": "user", "content": "HCl?"}
ANSWER = {"role": "assistant", "content": "acid"}


def _answer(**parts):
    return {"role": "assistant", **parts}


def repair(value):
    row, repairs = repair_row(Row(3, value))
    return row.value, repairs


@pytest.mark.parametrize(
    ("value", "field", "before", "after"),
    [
        ({"mesages": [USER, ANSWER]}, "mesages", "mesages", "messages"),
        ({"messages": [{**USER, "role": "Human"}, ANSWER]}, "messages[0].role", "Human", "user"),
        ({"messages": [USER, {**ANSWER, "role": "gpt"}]}, "messages[1].role", "gpt", "assistant"),
        (
            {"messages": [USER, {**ANSWER, "role": " Assistant"}]},
            "messages[1].role",
            " Assistant",
            "assistant",
        ),
        (
            {"messages": [USER, {"role": "assistant", "value": "acid"}]},
            "messages[1].value",
            "value",
            "content",
        ),
        (
            {"messages": [USER, {"role": "assistant", "contnet": "acid"}]},
            "messages[1].contnet",
            "contnet",
            "content",
        ),
        ({"messages": [USER, {**ANSWER, "weight": True}]}, "messages[1].weight", True, 1),
        ({"messages": [USER, {**ANSWER, "weight": "0"}, ANSWER]}, "messages[1].weight", "0", 0),
        ({"messages": [{**USER, "weight": 0}, ANSWER]}, "messages[0].weight", 0, None),
        ({"messages": [USER, {**ANSWER, "content": 3}]}, "messages[1].content", 3, "3"),
        ({"messages": [USER, ANSWER], "split": "trian"}, "split", "trian", "train"),
        ({"messages": [USER, ANSWER], "split": "validaton"}, "split", "validaton", "validation"),
    ],
)
def test_a_plain_meaning_in_another_form_is_mended(value, field, before, after):
    mended, repairs = repair(value)
    assert repairs == [Repair(field, before, after)]
    findings = Findings("f")
    assert RowValidator(findings).validate(Row(3, mended)) is not None
    assert not [item for item in findings.finish() if item.severity == "error"]


def test_numbers_keep_the_form_they_were_written_in():
    mended, _ = repair({"messages": [USER, {**ANSWER, "content": Number("1.10")}]})
    assert mended["messages"][1]["content"] == "1.10"


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [USER, {**ANSWER, "content": ""}]},
        {"messages": [USER]},
        {"messages": [USER, {**ANSWER, "weight": 2}]},
        {"messages": [USER, {**ANSWER, "role": "narrator"}]},
        {"messages": [USER, ANSWER], "split": "eval"},
        {"messages": [USER, {"role": "assistant", "content": None}]},
        {"messages": [USER, {**ANSWER, "text": "another"}], "message": []},
        {"messages": "HCl?"},
        {"messages": [3]},
        {"prompt": "p", "completion": "c"},
    ],
)
def test_what_would_have_to_be_guessed_is_left_alone(value):
    mended, repairs = repair(value)
    assert repairs == []
    assert mended is value


def test_two_keys_never_become_one():
    mended, _ = repair({"messages": [USER, {"role": "assistant", "value": "a", "text": "b"}]})
    assert sorted(mended["messages"][1].values()) == ["a", "assistant", "b"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["user", "gpt", "train", "", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "weight", "type", "text", "from"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"messages": JSON}, optional={"split": JSON, "mesages": JSON}))
def test_mending_never_fails_and_is_done_after_one_pass(value):
    mended, _ = repair(value)
    assert repair(mended) == (mended, [])
