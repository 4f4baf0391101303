import pytest

from aliquot.data.format import Problem, Row
from aliquot.data.formats.csv_table import FORMAT
from aliquot.data.source import open_source
from aliquot.errors import InputError


def read(tmp_path, text: str | bytes):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(FORMAT.read(open_source(path)))


def pairs(rows):
    return [(row.line, *(item["content"] for item in row.value["messages"])) for row in rows]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_the_separator_is_taken_from_the_header(tmp_path, separator):
    rows = read(tmp_path, f"Text{separator}Label\na{separator}b\n")
    assert pairs(rows) == [(2, "a", "b")]


def test_quoted_cells_may_hold_separators_quotes_and_line_ends(tmp_path):
    rows = read(tmp_path, 'text,label\r\n"a, ""b""\r\nc",x\r\nd,y\r\n')
    assert pairs(rows) == [(2, 'a, "b"\nc', "x"), (4, "d", "y")]


def test_blank_lines_are_noted_and_change_no_line_number(tmp_path):
    rows = read(tmp_path, "text,label\n\na,b\n")
    assert [item.code for item in rows if isinstance(item, Problem)] == ["blank_lines"]
    assert pairs([item for item in rows if isinstance(item, Row)]) == [(3, "a", "b")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("text,label\na,b,c\n", "wrong_number_of_cells"),
        ("text,label\na\n", "wrong_number_of_cells"),
        ('text,label\n"a,b\n', "invalid_csv"),
        ('text,label\n"a"b,c\n', "invalid_csv"),
        (b"text,label\ncaf\xe9,x\n", "invalid_utf8"),
    ],
)
def test_a_broken_record_is_an_error_on_its_line(tmp_path, text, code):
    (problem,) = read(tmp_path, text)
    assert (problem.code, problem.line, problem.severity) == (code, 2, "error")


def test_an_unclosed_quote_says_how_much_it_swallowed(tmp_path):
    (problem,) = read(tmp_path, 'text,label\n"a,b\nc,d\ne,f\n')
    assert "lines 2 to 4" in problem.message


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match='"label" appears twice'):
        read(tmp_path, "text,label,label\na,b,c\n")


def test_unnamed_columns_are_numbered(tmp_path):
    (row,) = read(tmp_path, "text,label,\na,b,c\n")
    assert row.value["column_3"] == "c"
