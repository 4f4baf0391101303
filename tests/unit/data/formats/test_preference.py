import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message
from aliquot.data.findings import Findings
from aliquot.data.format import Problem
from aliquot.data.formats.preference import FORMAT
from aliquot.data.validate import RowValidator

ASK, GOOD, BAD = (
    {"role": "user", "content": "HCl?"},
    {"role": "assistant", "content": "acid"},
    {"role": "assistant", "content": "base"},
)


def read(value):
    shape = FORMAT.find_shape([value], DataSettings())
    (item,) = shape.read(4, value)
    if isinstance(item, Problem):
        return item
    findings = Findings("f")
    example = RowValidator(findings).validate(item)
    return example, findings.finish()


@pytest.mark.parametrize(
    "value",
    [
        {"input": {"messages": [ASK]}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
        {"input": {"messages": [ASK]}, "preferred_completion": [GOOD], "non_preferred_completion": [BAD]},
        {"prompt": "HCl?", "chosen": "acid", "rejected": "base"},
        {"prompt": [ASK], "chosen": [GOOD], "rejected": [BAD]},
        {"chosen": [ASK, GOOD], "rejected": [ASK, BAD]},
        {"prompt": "HCl?", "chosen": [ASK, GOOD], "rejected": [ASK, BAD]},
    ],
)
def test_all_spellings_are_the_same_example(value):
    example, findings = read(value)
    assert example.messages == (Message("user", "HCl?"), Message("assistant", "acid"))
    assert example.rejected == Message("assistant", "base")
    assert [item.code for item in findings] == ["preference_pair"]


def test_tools_of_the_input_are_kept():
    tools = [{"type": "function", "function": {"name": "mass"}}]
    given = {"messages": [ASK], "tools": tools, "parallel_tool_calls": False}
    example, _ = read({"input": given, "preferred_output": [GOOD], "non_preferred_output": [BAD]})
    assert "mass" in example.tools
    assert example.metadata == {"parallel_tool_calls": "false"}


def test_a_system_column_comes_first():
    example, _ = read({"system": "s", "prompt": "HCl?", "chosen": "acid", "rejected": "base"})
    assert example.messages[0] == Message("system", "s")


def test_answers_of_several_turns_are_refused():
    problem = read({"prompt": "HCl?", "chosen": [GOOD, ASK, GOOD], "rejected": [BAD]})
    assert problem.code == "invalid_preference"
    assert "3 and 1 messages" in problem.message


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"prompt": "p", "chosen": "acid", "rejected": None}, "invalid_content"),
        ({"prompt": "p", "chosen": "acid", "rejected": " "}, "invalid_rejected"),
        ({"chosen": "acid", "rejected": "base"}, "no_prompt"),
        ({"prompt": "p", "chosen": "acid", "rejected": "acid"}, "equal_preference"),
    ],
)
def test_a_pair_that_shows_no_preference_is_told(value, code):
    _, findings = read(value)
    assert code in {item.code for item in findings}
