"""A column called as a key of a chat line is a column: it refuses no row, and it is never lost."""

import csv
import json

import pyarrow
import pyarrow.parquet
import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.chat_keys import CHAT_KEYS, set_beside
from aliquot.data.check import check_data
from tests.fixtures.workbooks import build_workbook
from tests.unit.data.rows import chat_line, write_lines

COLUMNS = sorted(CHAT_KEYS)
HEADER = ["smiles", "colour", *COLUMNS]
SETTINGS = DataSettings(prompt="Colour of {smiles}?", answer="colour")


def cells(number):
    return [f"C{number}", "red" if number % 2 else "blue", *(f"{name} of {number}" for name in COLUMNS)]


def write_csv(path):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *map(cells, range(30))])


def write_json_lines(path):
    write_lines(path, [json.dumps(dict(zip(HEADER, cells(n), strict=True))) for n in range(30)])


def write_parquet(path):
    columns = zip(*map(cells, range(30)), strict=True)
    pyarrow.parquet.write_table(pyarrow.table(dict(zip(HEADER, map(list, columns), strict=True))), path)


def write_workbook(path):
    path.write_bytes(build_workbook({"Rows": [HEADER, *map(cells, range(30))]}))


@pytest.mark.parametrize("write", [write_csv, write_json_lines, write_parquet, write_workbook])
def test_every_such_column_of_a_table_is_kept_untouched(tmp_path, write):
    path = tmp_path / "rows"
    write(path)
    checked = check_data(path, SETTINGS)
    assert [item.message for item in checked.report.findings if item.severity == "error"] == []
    assert len(checked.table) == 30
    assert checked.table.get(7).metadata == {name: f"{name} of 7" for name in COLUMNS}
    assert checked.table.get(7).tools == ""
    assert {item.field for item in checked.report.findings if item.code == "unknown_key"} == set(COLUMNS)


def read_one(tmp_path, value):
    """Read a row after two without ``messages``, which tell the shape of the file."""
    usual = {key: item for key, item in value.items() if key != "messages"}
    path = write_lines(tmp_path / "rows", map(json.dumps, [usual, usual, value]))
    return check_data(path, DataSettings()).table.get(2)


def test_rows_whose_prompts_are_messages_came_as_chat_and_keep_their_tools(tmp_path):
    tool = {"type": "function", "function": {"name": "mass", "parameters": {}}}
    value = {
        "prompt": [{"role": "user", "content": "HCl?"}],
        "completion": [{"role": "assistant", "content": "36"}],
        "tools": [tool],
        "messages": "odd",
    }
    example = read_one(tmp_path, value)
    assert json.loads(example.tools) == [tool]
    assert example.metadata == {"messages": "odd"}


@pytest.mark.parametrize(
    "value",
    [
        {"text": "t"},
        {"prompt": "p", "chosen": "a", "rejected": "b"},
        {"conversations": [{"from": "human", "value": "p"}, {"from": "gpt", "value": "a"}]},
    ],
)
def test_rows_of_other_shapes_lose_no_column_either(tmp_path, value):
    beside = {"metadata": "of the hammer"}
    assert read_one(tmp_path, value | beside).metadata == beside


@pytest.mark.parametrize("value", [{"text": "t"}, {"prompt": "p", "chosen": "a", "rejected": "b"}])
def test_rows_of_texts_have_no_tools(tmp_path, value):
    assert read_one(tmp_path, value | {"tools": "hammer"}).metadata == {"tools": "hammer"}


def test_the_input_and_the_prompt_of_a_preference_are_both_kept(tmp_path):
    value = {"input": "p", "prompt": "other", "chosen": "a", "rejected": "b"}
    assert read_one(tmp_path, value).metadata == {"prompt": "other"}


def test_an_object_of_metadata_is_what_stands_beside_the_conversation(tmp_path):
    value = {"prompt": "p", "completion": "a", "metadata": {"doi": "10.1/x"}, "tools": "hammer"}
    assert read_one(tmp_path, value).metadata == {"doi": "10.1/x", "tools": "hammer"}


@pytest.mark.parametrize("rest", [{}, {"metadata": {"lab": "x"}}])
def test_a_split_column_beside_the_one_that_was_set_stays_metadata(tmp_path, rest):
    lines = [chat_line(f"p{n}", "a", split="old", part="test" if n else "train", **rest) for n in range(3)]
    table = check_data(write_lines(tmp_path / "rows", lines), DataSettings(split_key="part")).table
    assert table.get(2).split == "test"
    assert table.get(2).metadata == {"split": "old", **rest.get("metadata", {})}


def test_columns_of_other_names_are_returned_as_they_are():
    assert set_beside(1, {"year": 1999, "tools": None}, frozenset()) == ({"year": 1999, "tools": None}, [])
    assert set_beside(1, {"tools": None}, CHAT_KEYS) == ({"metadata": {"tools": None}}, [])
