"""Excel and Parquet: cells of all kinds become what a text file would have held."""

import datetime
import decimal
import sys

import pyarrow
import pyarrow.parquet
import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.format import Number, Problem
from aliquot.data.formats import xlsx_table
from aliquot.data.read import find_format
from aliquot.data.source import open_source
from aliquot.errors import InputError, MachineError
from tests.fixtures.workbooks import Formula, build_workbook


def read(path, **settings):
    source = open_source(path, DataSettings(**settings))
    return list(find_format(source, None)[0].read(source))


def read_book(tmp_path, sheets, **settings):
    path = tmp_path / "rows.xlsx"
    path.write_bytes(build_workbook(sheets))
    return read(path, **settings)


def refuse_book(tmp_path, sheets, **settings):
    with pytest.raises(InputError) as caught:
        read_book(tmp_path, sheets, **settings)
    return caught.value


def test_cells_are_read_as_they_are_meant(tmp_path):
    cells = ["q", 5, 36.46, datetime.date(2024, 2, 29), Formula(("B2*2", 10)), True, None]
    header = ["question", "answer", "mass", "day", "double", "pure", "note"]
    sheet, number, row = read_book(tmp_path, {"Rows": [header, cells]})
    assert (sheet.code, number.code) == ("sheet_read", "number_as_text")
    assert (row.line, row.value["messages"][1]["content"]) == (2, "5")
    assert row.value["mass"] == Number("36.46")
    assert (row.value["day"], row.value["double"], row.value["pure"]) == ("2024-02-29", 10, True)


def test_the_sheet_with_known_columns_is_read_and_named(tmp_path):
    sheets = {"Notes": [["made by"], ["me"]], "Data": [[None], ["text", "label"], [None, None], ["p", "a"]]}
    named, blank, row = read_book(tmp_path, sheets)
    assert "'Data'" in named.message
    assert (blank.code, blank.line, row.line) == ("blank_lines", 3, 4)


def test_two_sheets_with_known_columns_are_not_guessed(tmp_path):
    rows = [["text", "label"], ["p", "a"]]
    error = refuse_book(tmp_path, {"One": rows, "Two": rows})
    assert error.code == "ambiguous_sheet"
    assert "'One' and 'Two'" in error.message


def test_columns_of_other_names_may_be_set(tmp_path):
    sheets = {"Data": [["smiles", "colour"], ["CCO", "red"]]}
    *_, row = read_book(tmp_path, sheets, prompt="Colour of {smiles}?", answer="colour")
    assert row.value["messages"][0]["content"] == "Colour of CCO?"
    assert refuse_book(tmp_path, sheets).code == "missing_columns"
    error = refuse_book(tmp_path, sheets, prompt="smile", answer="colour")
    assert (error.code, error.location) == ("unknown_column", "data.prompt")


def test_a_damaged_or_huge_workbook_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "rows.xlsx"
    path.write_bytes(build_workbook({"A": [["text", "label"], ["p", "a"]]})[:-30])
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == "damaged_file"
    monkeypatch.setattr(xlsx_table, "MAX_BYTES", 10)
    error = refuse_book(tmp_path, {"A": [["text", "label"], ["p", "a"]]})
    assert error.code == "archive_too_large"


def write_parquet(tmp_path, **columns):
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_nested_rows_of_a_parquet_file_are_chat_lines(tmp_path):
    turns = [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a"}]
    (row,) = read(write_parquet(tmp_path, messages=[turns], split=["test"]))
    assert row.value == {"messages": turns, "split": "test"}


def test_values_of_a_parquet_file_are_read_as_json_has_them(tmp_path):
    path = write_parquet(
        tmp_path,
        prompt=["p"],
        answer=["a"],
        mass=[decimal.Decimal("1.50")],
        at=[datetime.datetime(2024, 1, 2, 3, 4)],
        nan=[float("nan")],
        picture=[b"\x89PNG"],
    )
    note, row = read(path)
    assert (note.code, note.field) == ("binary_column", "picture")
    assert (row.value["mass"], row.value["at"]) == (Number("1.50"), "2024-01-02T03:04:00")
    assert row.value["nan"] is None
    assert "picture" not in row.value


def test_without_pyarrow_the_command_to_install_it_is_given(tmp_path, monkeypatch):
    path = write_parquet(tmp_path, prompt=["p"], answer=["a"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MachineError) as caught:
        read(path)
    assert (caught.value.code, caught.value.hint) == (
        "package_missing",
        "Run `pip install 'aliquot[parquet]'`.",
    )


def test_an_arrow_file_is_read_like_a_stream(tmp_path):
    table = pyarrow.table({"prompt": ["p", "q"], "answer": ["a", "b"]})
    with pyarrow.ipc.new_file(str(tmp_path / "rows.arrow"), table.schema) as writer:
        writer.write_table(table)
    rows = read(tmp_path / "rows.arrow")
    assert [row.line for row in rows] == [1, 2]
    assert not any(isinstance(row, Problem) for row in rows)


def write_table(tmp_path, **columns):
    path = tmp_path / "rows.parquet"
    table = {"prompt": ["p"], "completion": ["a"], **columns}
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    return path


def test_nanoseconds_are_cut_to_microseconds_and_noted(tmp_path):
    instant = pyarrow.array([1_700_000_000_000_000_001], pyarrow.timestamp("ns", "UTC"))
    day = pyarrow.array([datetime.date(2024, 2, 29)])
    times = pyarrow.array([[{"at": 1_001, "took": 2_002}]]).cast(
        pyarrow.list_(pyarrow.struct([("at", pyarrow.time64("ns")), ("took", pyarrow.duration("ns"))]))
    )
    *notes, row = read(write_table(tmp_path, seen=instant, day=day, times=times))
    assert [(item.code, item.severity, item.field) for item in notes] == [
        ("times_cut", "note", "seen"),
        ("times_cut", "note", "times"),
    ]
    assert row.value["seen"] == "2023-11-14T22:13:20+00:00"
    assert row.value["day"] == "2024-02-29"
    assert row.value["times"] == [{"at": "00:00:00.000001", "took": "0:00:00.000002"}]


def test_a_date_that_has_no_text_is_no_damage(tmp_path):
    beyond = pyarrow.array([10**7], pyarrow.int32()).cast(pyarrow.date32())
    with pytest.raises(InputError, match="A value after row 0 cannot be read") as caught:
        read(write_table(tmp_path, day=beyond))
    assert caught.value.code == "value_unreadable"
    assert "as text" in caught.value.hint
