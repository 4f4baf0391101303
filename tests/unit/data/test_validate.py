import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.conversation import Message, ToolCall
from aliquot.data.findings import Findings
from aliquot.data.format import Number, Row
from aliquot.data.plain_rows import read_plain
from aliquot.data.split_words import SPLIT_WORDS
from aliquot.data.validate import RowValidator, _RowCheck

USER = {"role": "user", "content": "HCl?"}
ANSWER = {"role": "assistant", "content": "acid"}

CALL = {"id": "c1", "type": "function", "function": {"name": "mass", "arguments": '{"of": "HCl"}'}}
TOOLS = [{"type": "function", "function": {"name": "mass", "parameters": {"type": "object"}}}]
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
TOLD = {"role": "tool", "content": "36.46", "tool_call_id": "c1"}


def validate(value, *, group_key=None, names=None):
    findings = Findings("rows.jsonl")
    example = RowValidator(findings, group_key).validate(Row(3, value, names or {}))
    return example, findings.finish()


def refuse(value, **kwargs):
    example, findings = validate(value, **kwargs)
    assert example is None
    errors = [item for item in findings if item.severity == "error"]
    assert all(item.lines == (3,) and item.count == 1 and item.file == "rows.jsonl" for item in errors)
    return errors[0]


def chat(*messages, **rest):
    return {"messages": list(messages), **rest}


def test_a_good_row_becomes_an_example_without_findings():
    example, findings = validate(chat(USER, ANSWER, split="TRAIN"))
    assert example.messages == (Message("user", "HCl?"), Message("assistant", "acid"))
    assert (example.line, example.split, example.reference) == (3, "train", "acid")
    assert findings == ()


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ({"prompt": "a", "completion": "b"}, "missing_messages", "Found keys: prompt, completion"),
        ({"messages": []}, "invalid_messages", "an empty list"),
        ({"messages": "hello"}, "invalid_messages", "text"),
        (chat(USER, "acid"), "invalid_message", "messages[1] is text"),
        (chat(USER, {"role": "asistant", "content": "x"}), "unknown_role", "'asistant'"),
        (chat(USER, {"content": "x"}), "unknown_role", "missing"),
        (chat(USER, {"role": "assistant", "content": 5}), "invalid_content", "a number"),
        (chat(USER, {"role": "assistant", "content": Number("1.5")}), "invalid_content", "a number"),
        (chat(USER, {"role": "assistant", "content": None}), "invalid_content", "null"),
        (chat(USER, {"role": "assistant"}), "invalid_content", "missing"),
        (chat(USER, {"role": "assistant", "content": ""}), "empty_answer", "empty"),
        (chat(USER, {"role": "assistant", "content": " \n"}), "empty_answer", "blank"),
        (chat(ANSWER), "no_prompt", "no prompt"),
        (chat(USER, ANSWER, USER), "no_final_answer", "from user"),
        (chat(USER), "no_final_answer", "from user"),
        (chat(USER, {**ANSWER, "weight": 0}), "nothing_to_learn", "weight 0"),
        (chat(USER, {**ANSWER, "weight": 0.5}), "invalid_weight", "0.5"),
        (chat(USER, {**ANSWER, "weight": True}), "invalid_weight", "true"),
        (chat({**USER, "weight": 1}, ANSWER), "invalid_weight", "role user"),
        (chat(USER, ANSWER, split="trian"), "unknown_split", "'trian'"),
        (chat(USER, ANSWER, split=1), "unknown_split", "1"),
        (chat(USER, ANSWER, metadata="x"), "invalid_metadata", "text"),
        (chat(USER, ANSWER, tools=[{"type": "function"}]), "invalid_tools", "without a name"),
        (chat(USER, ANSWER, tools=3), "invalid_tools", "a number"),
        (chat(USER, {**ANSWER, "tool_calls": [{}]}), "invalid_tool_call", "without the name"),
        (chat(USER, {**ANSWER, "tool_calls": 1}), "invalid_tool_call", "a number"),
        (chat({**USER, "tool_calls": [CALL]}, ANSWER), "invalid_tool_call", "role user"),
        (
            chat(USER, {**ANSWER, "tool_calls": [{"name": "f", "arguments": "x="}]}),
            "invalid_tool_call",
            "'x='",
        ),
        (chat(USER, {"role": "tool", "content": None}, ANSWER), "invalid_content", "null"),
        (chat(USER, {**ANSWER, "name": 3}), "invalid_message", "a number"),
        (chat(USER, ANSWER, images=["a.png"]), "unsupported_content", '"images"'),
        (chat(USER, ANSWER, rejected_message=USER), "invalid_rejected", "from user"),
        (chat(USER, ANSWER, rejected_message={**ANSWER, "content": " "}), "invalid_rejected", "blank"),
        (
            chat({"role": "user", "content": [{"type": "image_url"}]}, ANSWER),
            "unsupported_content",
            "image_url",
        ),
    ],
)
def test_each_fault_is_refused_by_name(value, code, words):
    finding = refuse(value)
    assert finding.code == code
    assert words in finding.message


def test_misspelt_names_get_a_suggestion():
    assert "'assistant'" in refuse(chat(USER, {"role": "asistant", "content": "x"})).remedy
    assert "'train'" in refuse(chat(USER, ANSWER, split="trian")).remedy
    assert "'messages'" in refuse({"message": [USER, ANSWER]}).remedy
    assert "prompt_completion" in refuse({"prompt": "a", "completion": "b"}).remedy


def test_eval_is_refused_because_it_means_two_things():
    assert "validation to some and test to others" in refuse(chat(USER, ANSWER, split="eval")).remedy


@pytest.mark.parametrize("word", SPLIT_WORDS)
def test_split_words_are_read_in_any_case(word):
    for written in (word, word.upper(), f" {word.title()} "):
        assert validate(chat(USER, ANSWER, split=written))[0].split == SPLIT_WORDS[word]


@pytest.mark.parametrize("word", [None, "", "  "])
def test_a_blank_split_is_no_split(word):
    assert validate(chat(USER, ANSWER, split=word))[0].split is None


def test_every_fault_of_a_row_is_told_not_the_first_only():
    _, findings = validate(chat({"role": "bot", "content": 1}, split="maybe"))
    assert {item.code for item in findings} == {"unknown_role", "invalid_content", "unknown_split"}


def test_empty_tool_fields_do_no_harm():
    example, findings = validate(chat(USER, {**ANSWER, "tool_calls": None}, tools=[]))
    assert example is not None
    assert findings == ()


def test_tools_and_their_calls_are_read():
    example, findings = validate(chat(USER, CALLING, TOLD, ANSWER, tools=TOOLS))
    assert findings == ()
    assert example.messages[1] == Message("assistant", "", None, (ToolCall("mass", '{"of": "HCl"}', "c1"),))
    assert example.messages[2] == Message("tool", "36.46", tool_call_id="c1")
    assert json.loads(example.tools) == TOOLS


def test_the_reference_of_a_call_is_canonical_json_without_ids():
    example, _ = validate(chat(USER, CALLING, tools=TOOLS))
    assert example.reference == '[{"arguments":{"of":"HCl"},"name":"mass"}]'


def test_arguments_written_as_an_object_are_the_same_call():
    written = {"name": "mass", "arguments": {"of": "HCl"}}
    one, _ = validate(chat(USER, {"role": "assistant", "tool_calls": [written]}, tools=TOOLS))
    assert one.messages[1].tool_calls == (ToolCall("mass", '{"of":"HCl"}'),)


def test_the_older_spelling_of_tools_is_read_and_noted():
    calling = {"role": "assistant", "content": None, "function_call": {"name": "mass", "arguments": "{}"}}
    told = {"role": "function", "name": "mass", "content": "36.46"}
    example, findings = validate(chat(USER, calling, told, ANSWER, functions=[TOOLS[0]["function"]]))
    assert json.loads(example.tools) == TOOLS
    assert example.messages[1].tool_calls == (ToolCall("mass", "{}"),)
    assert example.messages[2] == Message("tool", "36.46", name="mass")
    assert {(item.code, item.severity) for item in findings} == {("legacy_functions", "note")}
    assert len(findings) == 3


def test_undefined_tools_and_answers_without_a_call_are_warned_about():
    other = {**CALLING, "tool_calls": [{"name": "mas", "arguments": "{}"}]}
    _, findings = validate(chat(USER, other, {**TOLD, "tool_call_id": "c9"}, ANSWER, tools=TOOLS))
    by_code = {item.code: item for item in findings}
    assert by_code["undefined_tool"].remedy == "Did you mean 'mass'?"
    assert "'c9'" in by_code["tool_answer_without_call"].message


def test_tools_and_a_rejected_answer_make_another_example():
    plain, _ = validate(chat(USER, ANSWER))
    with_tools, _ = validate(chat(USER, ANSWER, tools=TOOLS))
    with_rejected, findings = validate(chat(USER, ANSWER, rejected_message={**ANSWER, "content": "base"}))
    assert len({one.example_id for one in (plain, with_tools, with_rejected)}) == 3
    assert with_rejected.rejected == Message("assistant", "base")
    assert [item.code for item in findings] == ["preference_pair"]


def test_a_rejected_answer_like_the_preferred_one_is_warned_about():
    _, findings = validate(chat(USER, ANSWER, rejected_message=ANSWER))
    assert [item.code for item in findings] == ["equal_preference", "preference_pair"]


def test_a_plain_text_is_one_message():
    example, findings = validate(chat({"role": "text", "content": "Once upon a time"}))
    assert (example.prompt, example.reference) == ((), "Once upon a time")
    assert findings == ()
    assert refuse(chat({"role": "text", "content": "\n"})).code == "empty_answer"
    assert refuse(chat(USER, {"role": "text", "content": "x"})).code == "unknown_role"


def test_the_id_of_a_plain_row_never_changes():
    example, _ = validate(chat(USER, ANSWER))
    assert example.content_hash == "9493852fc8c66f6f015ed9f7c8aff20c5b3eb2c96f5bec00219e896092a46b0e"


def test_text_parts_are_joined_and_noted():
    parts = [{"type": "text", "text": "H"}, {"type": "text", "text": "Cl"}]
    example, (finding,) = validate(chat({"role": "user", "content": parts}, ANSWER))
    assert example.prompt[0].content == "HCl"
    assert (finding.code, finding.severity) == ("text_parts_joined", "note")


def test_other_fields_become_metadata_as_they_are_written():
    value = chat(
        USER, ANSWER, id="r1", year=2024, mass=Number("1.50"), ok=True, none=None, metadata={"x": [1]}
    )
    example, findings = validate(value)
    assert example.metadata == {"x": "[1]", "id": "r1", "year": "2024", "mass": "1.50", "ok": "true"}
    assert {item.field for item in findings if item.code == "unknown_key"} == {"year", "mass", "ok"}


def test_a_key_that_almost_says_split_is_a_warning():
    _, (finding,) = validate(chat(USER, ANSWER, spilt="test"))
    assert (finding.severity, finding.remedy) == ("warning", "Did you mean 'split'?")


def test_the_group_is_read_from_the_row_or_its_metadata():
    assert validate(chat(USER, ANSWER, paper="A"), group_key="paper")[0].group == "A"
    assert validate(chat(USER, ANSWER, metadata={"paper": 7}), group_key="paper")[0].group == "7"
    assert validate(chat(USER, ANSWER), group_key="paper")[0].group is None


def test_odd_orders_are_warned_about_and_kept():
    example, findings = validate(chat(USER, USER, {"role": "system", "content": "s"}, ANSWER))
    assert example is not None
    assert {item.code for item in findings} == {"roles_not_alternating", "system_not_first"}


def test_a_finding_names_the_field_as_the_file_does():
    finding = refuse(chat(USER, {"role": "assistant", "content": ""}), names={"messages[1].content": "label"})
    assert finding.field == "label"


def test_text_with_nul_and_unusual_line_ends_is_kept():
    example, _ = validate(chat({"role": "user", "content": "a\0\u2028b"}, ANSWER))
    assert example.prompt[0].content == "a\0\u2028b"


def test_message_keys_that_are_not_used_and_blank_prompts_are_warned_about():
    example, findings = validate(
        chat({"role": "user", "content": " "}, {**ANSWER, "wieght": 0, "refusal": None})
    )
    assert example is not None
    assert {(item.code, item.severity) for item in findings} == {
        ("unknown_message_key", "warning"),
        ("empty_prompt", "warning"),
    }
    assert "Did you mean 'weight'?" in [item.remedy for item in findings]


MESSAGES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant"]),
        "content": st.sampled_from(["a", " ", "é"]),
    },
    optional={"weight": st.sampled_from([0, 1, 2])},
)
ROWS = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGES, max_size=4)},
    optional={"split": st.sampled_from(["train", "TEST", "eval", 3]), "id": st.just("x")},
)


@given(ROWS)
def test_the_short_way_for_plain_rows_gives_what_the_long_way_gives(value):
    if read_plain(value) is None:
        return
    short, long = Findings("f"), Findings("f")
    example = RowValidator(short).validate(Row(7, value))
    assert example == _RowCheck(Row(7, value), long).build(None)
    assert short.finish() == long.finish() == ()


def test_a_plain_row_takes_the_short_way():
    messages = [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a"}]
    assert read_plain({"messages": messages, "split": "TEST"}) is not None
    assert read_plain({"messages": messages, "split": "Test"}) is None
    assert read_plain({"messages": messages, "note": "x"}) is None
