import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.format import Problem
from aliquot.data.formats import plain_text
from aliquot.data.read import find_format
from aliquot.data.source import open_source


def read(tmp_path, data: bytes, name="rows.txt"):
    path = tmp_path / name
    path.write_bytes(data)
    source = open_source(path, DataSettings())
    data_format, reason = find_format(source, None)
    return data_format.name, reason, list(data_format.read(source))


def test_a_txt_file_is_one_document(tmp_path):
    name, reason, (row,) = read(tmp_path, "Once\r\n\r\nupon é\n".encode())
    assert (name, row.line) == ("plain_text", 1)
    assert row.value["messages"] == [{"role": "text", "content": "Once\n\nupon é"}]
    assert "one document" in reason


def test_json_lines_in_a_txt_file_are_read_by_their_keys(tmp_path):
    assert read(tmp_path, b'{"text": "a"}\n{"text": 3}\n')[0] == "plain_text"
    assert read(tmp_path, b'{"prompt": "a", "completion": "b"}\n')[0] == "prompt_completion"


def test_texts_with_answers_are_no_plain_texts(tmp_path):
    assert read(tmp_path, b'{"text": "a", "label": "b"}\n', "a.jsonl")[0] == "prompt_completion"


@pytest.mark.parametrize(
    ("data", "code", "line"), [(b"a\nb\xe9", "invalid_utf8", 2), (b"x" * 30, "line_too_long", 1)]
)
def test_a_document_that_cannot_be_read_is_an_error(tmp_path, data, code, line, monkeypatch):
    monkeypatch.setattr(plain_text, "MAX_LINE_BYTES", 20)
    (problem,) = read(tmp_path, data)[2]
    assert isinstance(problem, Problem)
    assert (problem.code, problem.line) == (code, line)


def test_a_row_without_text_is_an_error(tmp_path):
    items = read(tmp_path, b'{"text": "a"}\n{"txt": "b"}\n{"text": "c"}\n', "a.jsonl")[2]
    assert [item.code for item in items if isinstance(item, Problem)] == ["missing_field"]
