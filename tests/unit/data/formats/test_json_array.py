import json

import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.format import Problem, Row
from aliquot.data.formats import json_array
from aliquot.data.formats.json_array import FORMAT
from aliquot.data.source import open_source
from aliquot.errors import InputError

CHAT = {"messages": [{"role": "user", "content": 'a ]}",{ b'}, {"role": "assistant", "content": "c"}]}


def read(tmp_path, text: str, **settings):
    path = tmp_path / "rows.json"
    path.write_text(text)
    return list(FORMAT.read(open_source(path, DataSettings(**settings))))


def describe(items):
    return [item.line if isinstance(item, Row) else (item.code, item.line) for item in items]


@pytest.mark.parametrize("indent", [1, 4])
def test_the_line_of_a_row_is_that_on_which_its_object_begins(tmp_path, indent):
    text = json.dumps([CHAT, CHAT, CHAT], indent=indent)
    starts = [text.count("\n", 0, place) + 1 for place in _object_starts(text)]
    rows = read(tmp_path, text)
    assert [row.line for row in rows] == starts
    assert all(row.value == CHAT for row in rows)


def test_rows_of_an_array_on_one_line_are_numbered(tmp_path):
    text = json.dumps([CHAT, CHAT, CHAT])
    assert [row.line for row in read(tmp_path, text)] == [1, 2, 3]
    assert [row.line for row in read(tmp_path, text + "\n")] == [1, 2, 3]


def _object_starts(text):
    return [
        place
        for place in range(len(text))
        if text[place:].lstrip("{ \n").startswith('"messages"') and text[place] == "{"
    ]


def test_every_shape_of_objects_is_read(tmp_path):
    assert read(tmp_path, '[{"question": "a", "answer": "b"}]')[0].value["messages"][1]["content"] == "b"
    assert (
        read(tmp_path, '[{"x": "a", "y": "b"}]', prompt="x", answer="y")[0].value["messages"][0]["content"]
        == "a"
    )


@pytest.mark.parametrize("key", ["data", "rows", "examples", "items"])
def test_an_array_may_stand_under_a_key(tmp_path, key):
    assert describe(read(tmp_path, json.dumps({key: [CHAT]}))) == [1]


def test_what_stands_beside_the_array_is_told(tmp_path):
    text = json.dumps({"data": [CHAT], "version": 2})
    assert describe(read(tmp_path, text)) == [1, ("beside_array", 0)]


def test_an_empty_array_has_no_rows(tmp_path):
    assert read(tmp_path, "[]") == []
    assert read(tmp_path, " [ \n ] \n") == []


@pytest.mark.parametrize("text", ['[{"a": 1},]', '[{"a": 1},,{"a": 1}]'])
def test_a_comma_too_many_is_an_error(tmp_path, text):
    items = read(tmp_path, text.replace('{"a": 1}', json.dumps(CHAT)))
    assert ("invalid_json", 2) in describe(items)


def test_a_wrong_format_and_a_large_array_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError) as caught:
        read(tmp_path, json.dumps(CHAT))
    assert caught.value.code == "no_array"
    monkeypatch.setattr(json_array, "MAX_BYTES", 10)
    with pytest.raises(InputError) as caught:
        read(tmp_path, json.dumps([CHAT]))
    assert caught.value.code == "array_too_large"


def test_elements_that_are_no_objects_are_errors(tmp_path):
    items = read(tmp_path, json.dumps([CHAT, 3, "x", None]))
    assert [item.code for item in items if isinstance(item, Problem)] == ["not_an_object"] * 3
