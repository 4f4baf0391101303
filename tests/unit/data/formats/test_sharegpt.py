from aliquot.core.conversation import Message, ToolCall
from aliquot.data.findings import Findings
from aliquot.data.formats.sharegpt import FORMAT
from aliquot.data.validate import RowValidator


def read(value, names=None):
    shape = FORMAT.find_shape([value], _settings())
    (row,) = shape.read(4, value)
    findings = Findings("f")
    return RowValidator(findings).validate(row), findings.finish()


def _settings():
    from aliquot.config.settings import DataSettings

    return DataSettings()


def turns(*pairs):
    return [{"from": speaker, "value": text} for speaker, text in pairs]


def test_speakers_in_all_spellings_become_roles():
    example, findings = read(
        {"conversations": turns(("system", "s"), ("human", "u"), ("gpt", "a"), ("user", "v"), ("bard", "b"))}
    )
    assert [message.role for message in example.messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert findings == ()


def test_a_turn_named_twice_loses_nothing():
    call = {"from": "human", "role": "user", "value": "u"}
    example, findings = read({"conversations": [call, *turns(("chatbot", "a"))]})
    assert [message.role for message in example.messages] == ["user", "assistant"]
    assert [(item.code, item.field) for item in findings] == [
        ("unknown_message_key", "conversations[0].from")
    ]


def test_a_system_prompt_beside_the_turns_comes_first():
    example, _ = read({"system": "s", "conversations": turns(("human", "u"), ("gpt", "a"))})
    assert example.messages[0] == Message("system", "s")


def test_calls_of_tools_are_read():
    call = '{"name": "mass", "arguments": {"of": "HCl"}}'
    value = {
        "conversations": turns(("human", "u"), ("function_call", call), ("observation", "36"), ("gpt", "a")),
        "tools": '[{"name": "mass", "parameters": {}}]',
    }
    example, findings = read(value)
    assert example.messages[1].tool_calls == (ToolCall("mass", '{"of":"HCl"}'),)
    assert example.messages[2].role == "tool"
    assert findings == ()


def test_findings_name_the_fields_of_the_file():
    _, (finding, *_) = read({"conversations": turns(("alien", "u"), ("gpt", "a"))})
    assert (finding.code, finding.field) == ("unknown_role", "conversations[0].from")
    _, findings = read({"system": "s", "conversations": turns(("human", "u"), ("gpt", " "))})
    assert [item.field for item in findings] == ["conversations[1].value"]


def test_a_call_that_is_no_json_is_refused():
    example, findings = read({"conversations": turns(("human", "u"), ("function_call", "mass("))})
    assert example is None
    assert "invalid_tool_call" in {item.code for item in findings}


def test_turns_that_are_no_objects_are_told():
    _, findings = read({"conversations": ["hello"]})
    assert findings[0].code == "invalid_message"
