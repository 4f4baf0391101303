import json

import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import RowField
from aliquot.data.check import check_data
from aliquot.data.field_census import FieldCensus
from aliquot.data.format import Number, Row
from tests.unit.data.rows import chat_line, write_lines


def _census(*rows):
    census = FieldCensus()
    assert list(census.watch(rows)) == list(rows)
    return census.finish()


def test_fields_are_counted_where_they_have_a_value():
    rows = [{"messages": [], "year": 1999}, {"messages": [], "year": None}, {"messages": []}]
    assert _census(*(Row(line, value) for line, value in enumerate(rows, 1))) == (
        RowField(name="messages", kind="list", num_rows=3),
        RowField(name="year", kind="whole number", num_rows=1, is_metadata=True),
    )


def test_what_stands_inside_metadata_is_named_by_its_path():
    fields = _census(Row(1, {"messages": [], "metadata": {"doi": "10.1/x", "n": Number("1.10")}}))
    assert [(field.name, field.kind) for field in fields[1:]] == [
        ("metadata.doi", "text"),
        ("metadata.n", "number"),
    ]
    assert all(field.is_metadata for field in fields[1:])


def test_columns_that_became_the_conversation_are_no_metadata():
    own = {"question": "q", "source": "a", "split": "test", "answer": 5}
    row = Row(2, {"messages": [{}, {}]}, own=own, used=frozenset(("question", "answer")))
    fields = _census(row)
    assert [(field.name, field.is_metadata) for field in fields] == [
        ("question", False),
        ("answer", False),
        ("source", True),
        ("split", False),
    ]


def test_whole_numbers_among_numbers_are_numbers_and_other_mixtures_are_mixed():
    rows = [Row(1, {"a": 1, "b": 1, "c": True}), Row(2, {"a": Number("1.5"), "b": "x", "c": False})]
    assert [field.kind for field in _census(*rows)] == ["number", "mixed", "true or false"]


def test_metadata_that_is_no_object_is_a_field_of_its_own():
    assert _census(Row(1, {"metadata": "x"}))[0].name == "metadata"


def test_rows_of_endlessly_many_shapes_are_counted_without_holding_them(monkeypatch):
    monkeypatch.setattr("aliquot.data.field_census.MAX_SHAPES", 2)
    rows = [Row(line, {"messages": [], f"key {line % 7}": "x"}) for line in range(70)]
    counts = {field.name: field.num_rows for field in _census(*rows)}
    assert counts == {"messages": 70} | {f"key {number}": 10 for number in range(7)}


def _fields(tmp_path, value, **settings):
    """Return the fields of a file of three such rows, those beside the conversation in brackets."""
    line = value if isinstance(value, str) else json.dumps(value)
    path = write_lines(tmp_path / "rows", [line] * 3)
    fields = check_data(path, DataSettings(**settings)).report.fields
    assert {field.num_rows for field in fields} == {3}
    return [f"({field.name})" if field.is_metadata else field.name for field in fields]


TURNS = [{"from": "human", "value": "p"}, {"from": "gpt", "value": "a"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
REJECTED = {"role": "assistant", "content": "b"}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"id": 1, "conversations": TURNS, "system": "s"}, ["conversations", "system", "(id)"]),
        ({"instruction": "i", "input": "", "output": "o"}, ["instruction", "input", "output"]),
        (
            {"year": 1, "prompt": "p", "chosen": "a", "rejected": "b"},
            ["prompt", "chosen", "rejected", "(year)"],
        ),
        ({"text": "t", "tools": "hammer"}, ["text", "(tools)"]),
        ({"question": "q", "answer": "a", "split": "test"}, ["question", "answer", "split"]),
        (chat_line("p", "a", tools=[TOOL], doi="x"), ["messages", "tools", "(doi)"]),
        (chat_line("p", "a", rejected_message=REJECTED), ["messages", "rejected_message"]),
    ],
)
def test_fields_are_those_of_the_file_whatever_the_format(tmp_path, value, fields):
    assert _fields(tmp_path, value) == fields


def test_a_template_uses_each_of_its_columns(tmp_path):
    value = {"title": "t", "doi": "x", "abstract": "b", "label": "yes"}
    found = _fields(tmp_path, value, prompt="Classify {title}: {abstract}", answer="label")
    assert found == ["title", "abstract", "label", "(doi)"]


def test_the_field_that_holds_the_split_is_no_metadata_and_one_called_split_then_is(tmp_path):
    line = chat_line("p", "a", part="train", split="old")
    assert _fields(tmp_path, line, split_key="part") == ["messages", "part", "(split)"]
