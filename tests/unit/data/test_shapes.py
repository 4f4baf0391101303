"""Objects are told by their fields, wherever they stand."""

import json

import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.findings import Findings
from aliquot.data.parts import open_parts
from aliquot.data.shapes import find_any_shape
from aliquot.errors import InputError
from tests.unit.data.rows import chat_line


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"messages": []}, '"messages"'),
        ({"messages": [], "prompt": "a", "completion": "b"}, '"messages"'),
        ({"conversations": []}, '"conversations"'),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, '"chosen" and "rejected"'),
        ({"Question": "a", "ANSWER": "b"}, "Question (the prompt) and ANSWER (the answer)"),
        ({"text": "a"}, '"text" and no answer'),
    ],
)
def test_one_shape_is_found_by_its_fields(value, fields):
    assert find_any_shape([value], DataSettings(), "f").fields == fields


def test_alpaca_is_told_from_other_prompts():
    shape = find_any_shape([{"instruction": "a", "input": "b", "output": "c"}], DataSettings(), "f")
    assert "input (after the prompt" in shape.fields


def test_unknown_fields_have_no_shape():
    assert find_any_shape([{"smiles": "a", "colour": "b"}], DataSettings(), "f") is None
    assert find_any_shape([], DataSettings(), "f") is None


def test_two_shapes_at_once_are_not_guessed():
    value = {"conversations": [], "chosen": "a", "rejected": "b"}
    with pytest.raises(InputError) as caught:
        find_any_shape([value], DataSettings(), "f")
    assert caught.value.code == "ambiguous_format"


@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_setting_that_does_not_bear_on_the_rows_is_warned_about(tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    line = chat_line("p", "a")
    path.write_text(line if ending == "jsonl" else json.dumps([json.loads(line)]))
    (part,) = open_parts(path, DataSettings(system="Be brief, please."))
    findings = Findings("f")
    assert len(list(part.read(findings))) == 1
    assert [(item.code, item.field) for item in findings.finish()] == [("setting_not_used", "data.system")]
