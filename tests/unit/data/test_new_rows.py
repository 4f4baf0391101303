import json

import msgspec
import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message
from aliquot.core.prompt import Prompt
from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.data.new_rows import list_new_rows, read_new_rows
from aliquot.errors import InputError
from tests.fixtures.workbooks import build_workbook

PLAIN = DataSettings()
CHAT = '{"messages": [{"role": "user", "content": "%s"}]}\n'


def texts(rows):
    return [one.prompt and one.prompt.messages[-1].content for one in rows.rows]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "id,question\n7,CaO?\n8,MgO?\n"),
        ("a.tsv", "id\tquestion\n7\tCaO?\n8\tMgO?\n"),
        ("a.jsonl", '{"id": 7, "question": "CaO?"}\n{"id": 8, "question": "MgO?"}\n'),
        ("a.json", '[{"id": 7, "question": "CaO?"},\n {"id": 8, "question": "MgO?"}]\n'),
        ("a.txt", "CaO?\n\nMgO?\n"),
        ("chat.jsonl", CHAT % "CaO?" + CHAT % "MgO?"),
    ],
)  # fmt: skip
def test_prompts_are_found_in_every_kind_of_file(tmp_path, name, text):
    rows = read_new_rows(write(tmp_path / name, text), PLAIN)
    assert texts(rows) == ["CaO?", "MgO?"]
    assert rows.name == name and len(rows.sha256) == 64


def test_prompts_that_we_wrote_to_csv_come_back_to_the_letter(tmp_path):
    """The table marks a cell that a spreadsheet would compute; the model is not asked the mark."""
    prompts = ["-CH3 or -OH?", "=CC", "'-x", "plain"]
    table = "".join(f"r{n},{safe_cell(prompt)}\n" for n, prompt in enumerate(prompts))
    assert texts(read_new_rows(write(tmp_path / "a.csv", f"example_id,prompt\n{table}"), PLAIN)) == prompts
    others = read_new_rows(write(tmp_path / "b.csv", "id,prompt\n1,'-x\n"), PLAIN)
    assert texts(others) == ["'-x"]


def test_prompts_are_found_in_a_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(build_workbook({"Sheet1": [["question", "T"], ["CaO?", 300], ["MgO?", 310]]}))
    assert texts(read_new_rows(path, PLAIN)) == ["CaO?", "MgO?"]


def test_answers_in_the_file_are_not_part_of_the_prompt(tmp_path):
    chat = [{"role": "user", "content": "CaO?"}, {"role": "assistant", "content": "yes"}]
    path = write(tmp_path / "a.jsonl", json.dumps({"messages": chat}) + "\n")
    assert read_new_rows(path, PLAIN).rows[0].prompt == Prompt((Message("user", "CaO?"),))
    path = write(tmp_path / "a.csv", "prompt,completion\nCaO?,yes\n")
    assert read_new_rows(path, PLAIN).rows[0].prompt == Prompt((Message("user", "CaO?"),))


def test_prompts_are_built_as_the_run_s_own_were(tmp_path):
    path = write(tmp_path / "a.csv", "formula,T\nCaO,300\nMgO,\n")
    settings = DataSettings(prompt="Is {formula} stable at {T} K?", system="One word.")
    rows = read_new_rows(path, settings)
    assert rows.rows[0].prompt == Prompt(
        (Message("system", "One word."), Message("user", "Is CaO stable at 300 K?"))
    )
    assert texts(rows)[1] == "Is MgO stable at  K?"


def test_a_row_that_cannot_be_asked_is_kept_with_the_reason(tmp_path):
    lines = ['{"prompt": "CaO?"}', '{"prompt": ""}', "{torn", '{"other": 1}', '{"prompt": null}']
    rows = read_new_rows(write(tmp_path / "a.jsonl", "\n".join(lines) + "\n"), PLAIN).rows
    assert [one.line for one in rows] == [1, 2, 3, 4, 5]
    assert [one.prompt is None for one in rows] == [False, True, True, True, True]
    assert all(one.error for one in rows[1:])
    assert '"prompt" is missing' in rows[3].error


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("id,name\n1,x\n", "missing_columns"),
        ("prompt,question\nx,y\n", "prompt_column_ambiguous"),
        ("prompt\n", "file_empty"),
    ],
)
def test_a_file_without_a_prompt_column_is_refused(tmp_path, text, code):
    with pytest.raises(InputError) as caught:
        read_new_rows(write(tmp_path / "a.csv", text), PLAIN)
    assert caught.value.code == code


def test_rows_may_be_texts_messages_and_objects():
    given = [
        "CaO?",
        [{"role": "system", "content": "S"}, {"role": "user", "content": "MgO?"}],
        {"prompt": "x", "T": 1.5},
    ]
    rows = list_new_rows(given, PLAIN)
    assert texts(rows) == ["CaO?", "MgO?", "x"]
    assert rows.rows[2].fields["T"] == msgspec.Raw(b"1.5")
    assert rows.rows[1].prompt.messages[0] == Message("system", "S")


def test_what_is_no_prompt_is_refused_or_told():
    with pytest.raises(InputError, match="Row 1 is a int"):
        list_new_rows([3], PLAIN)
    (row,) = list_new_rows([[{"role": "user", "content": [{"type": "image_url"}]}]], PLAIN).rows
    assert row.prompt is None and "text only" in row.error


def test_numbers_of_tables_are_read_as_written():
    assert texts(list_new_rows([{"prompt": 3}, {"prompt": 0.25}], PLAIN)) == ["3", "0.25"]
