from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def texts_of(rows):
    return [row.value["messages"][0]["content"] for row in rows]


@pytest.mark.parametrize("name", ["rows.txt", "NOTES.MD"])
def test_a_short_text_is_one_document(tmp_path, name):
    found, reason, (row,) = read(tmp_path, "Once\r\n\r\nupon é\n".encode(), name)
    assert (found, row.line) == ("plain_text", 1)
    assert row.value["messages"] == [{"role": "text", "content": "Once\n\nupon é"}]
    assert "read as text" in reason


@pytest.mark.parametrize("text", ["{% include head %}\n\nOnce upon.", "{\\em Once}\nupon"])
def test_a_text_may_begin_with_a_brace(tmp_path, text):
    (row,) = read(tmp_path, text.encode(), "notes.md")[2]
    assert row.value["messages"][0]["content"] == text
    (tmp_path / "notes.txt").write_text(text)
    assert texts_of(plain_text.FORMAT.read(open_source(tmp_path / "notes.txt", DataSettings()))) == [text]


def test_a_long_text_is_cut_between_paragraphs_and_each_block_names_its_line(tmp_path):
    paragraphs = [f"{number} " + "word " * 100 for number in range(10)]
    rows = read(tmp_path, "\n\n".join(paragraphs).encode())[2]
    assert [row.line for row in rows] == [1, 5, 9, 13, 17]
    assert "\n\n".join(texts_of(rows)).split() == "\n\n".join(paragraphs).split()
    assert all(len(text) >= plain_text.MIN_CHARS for text in texts_of(rows))


def test_one_of_many_files_is_one_document_however_long(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("\n\n".join(["word " * 300] * 5))
    source = replace(open_source(path, DataSettings()), is_one_document=True)
    assert len(list(plain_text.FORMAT.read(source))) == 1
    assert len(list(plain_text.FORMAT.read(open_source(path, DataSettings())))) == 5


LINES = st.lists(st.sampled_from(["", " ", "a", "b" * 700, "# c", "d e"]), max_size=40)


@given(LINES)
def test_cutting_loses_no_line_but_blank_ones(lines):
    blocks = list(plain_text.cut_documents(lines))
    kept = [line for _, text in blocks for line in text.split("\n") if line.strip()]
    assert [line.rstrip() for line in kept] == [line for line in lines if line.strip()]
    assert all(lines[number - 1].strip() and text.strip() for number, text in blocks)
    assert all(len(text) + 50 >= plain_text.MIN_CHARS for _, text in blocks[:-1])


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
