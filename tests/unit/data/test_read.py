import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.check import check_data
from aliquot.data.findings import Findings
from aliquot.data.format import Format
from aliquot.data.read import RowReader, find_format
from aliquot.data.source import open_source
from aliquot.errors import InputError
from tests.unit.data.rows import chat_line


def refuse(tmp_path, data: bytes, name=None) -> InputError:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        find_format(open_source(path), name)
    assert caught.value.location == str(path) or name
    return caught.value


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"[1, 2]", "unknown_format", "JSON array, but not of objects"),
        (b'{\n  "messages": []\n}', "pretty_json", "over many lines"),
        (b"<!DOCTYPE html><html>", "not_rows", "HTML"),
        (b'{"talks": 1}', "unknown_format", "keys: talks"),
        (b'{"a": NaN}', "unknown_format", "NaN is not valid JSON"),
        (b"smiles,colour\nCCO,red\n", "unknown_format", "smiles,colour"),
        (b"\n \n\r\n", "file_empty", "only blank lines"),
        (b"\x1f\x8b\x08\x00", "truncated_archive", "ends early"),
    ],
)
def test_a_file_of_no_known_format_is_told_what_it_is(tmp_path, data, code, words):
    error = refuse(tmp_path, data)
    assert error.code == code
    assert words in error.message


def test_an_unknown_format_name_gets_a_suggestion(tmp_path):
    error = refuse(tmp_path, b"{}", "chat_json")
    assert error.code == "unknown_format"
    assert "'chat_jsonl'" in error.hint


@pytest.mark.parametrize("name", ["prompt_completion", "csv_table"])
def test_a_format_set_against_the_file_names_the_pairs_expected(tmp_path, name):
    path = tmp_path / "rows"
    path.write_text(chat_line("p", "a"))
    with pytest.raises(InputError, match="prompt/completion") as caught:
        check_data(path, DataSettings(format=name))
    assert caught.value.code == "missing_columns"


def test_a_cut_off_first_line_is_still_read_as_chat(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b'{"messages": [{"role": "us')
    data_format, _ = find_format(open_source(path), None)
    findings = Findings("f")
    reader = RowReader(open_source(path), data_format, findings)
    assert list(reader) == []
    assert reader.num_rows == 1
    assert findings.finish()[0].code == "incomplete_last_line"


def test_marks_blank_lines_and_old_line_ends_are_noted(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b"\xef\xbb\xbf" + chat_line("p", "a").encode() + b"\r\r" + chat_line("q", "a").encode())
    findings = Findings("f")
    source = open_source(path)
    reader = RowReader(source, find_format(source, None)[0], findings)
    assert [row.line for row in reader] == [1, 3]
    assert reader.num_rows == 2
    assert {item.code: item.lines for item in findings.finish()} == {
        "byte_order_mark": (1,),
        "carriage_returns": (),
        "blank_lines": (2,),
    }


def test_a_file_that_two_formats_recognise_is_not_guessed(tmp_path):
    error = refuse(
        tmp_path, b"text,label\n" + chat_line("p", "a").encode() + b"\n" + chat_line("q", "b").encode()
    )
    assert error.code == "ambiguous_format"
    assert "chat_jsonl" in error.message
    assert "csv_table" in error.message
    assert "data.format" in error.hint


def test_a_disk_that_fails_while_reading_is_told(tmp_path):
    path = tmp_path / "rows"
    path.write_text(chat_line("p", "a"))
    source = open_source(path)

    def fail(_):
        raise OSError(5, "Input/output error")
        yield

    broken = Format(name="x", title="x", detect=lambda sample: None, read=fail)
    with pytest.raises(InputError, match="Input/output error") as caught:
        list(RowReader(source, broken, Findings("f")))
    assert caught.value.code == "file_unreadable"
