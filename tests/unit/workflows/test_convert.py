import pytest

from aliquot.errors import InputError
from aliquot.workflows.convert import convert
from tests.unit.data.rows import chat_line, write_lines


def test_every_row_is_written_and_counted(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [chat_line("p", "a", split="TEST"), "", chat_line("q", "b")])
    done = convert(path, tmp_path / "b.csv")
    assert (done.num_rows, done.split_counts, done.format) == (2, {"test": 1, "": 1}, "csv_table")
    assert (tmp_path / "b.csv").read_text() == "system,prompt,completion,split\n,p,a,test\n,q,b,\n"
    assert [item.code for item in done.findings] == ["blank_lines"]


def test_columns_may_be_given_as_texts_with_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("smiles,colour\nCCO,red\n")
    convert(path, tmp_path / "b.jsonl", to="prompt_completion", prompt="Is {smiles} red?", answer="colour")
    assert (tmp_path / "b.jsonl").read_text() == '{"system":"","prompt":"Is CCO red?","completion":"red"}\n'


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        (
            [chat_line("p", "a"), "{", chat_line("q", " "), chat_line("r", "")],
            "invalid_json",
            "1 of 4 rows (lines 2)",
        ),
        ([chat_line("p", "a", tools=[{"function": {"name": "f"}}])], "not_expressible", "it has tools"),
    ],
)
def test_nothing_is_written_when_a_row_would_be_lost(tmp_path, lines, code, words):
    path = write_lines(tmp_path / "a.jsonl", lines)
    with pytest.raises(InputError) as caught:
        convert(path, tmp_path / "b.csv")
    assert caught.value.code == code
    assert words in caught.value.message
    assert str(path) in caught.value.location
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize("remedy", ["drop_invalid", "repair_rows", "merge_spellings", "drop_invalidd"])
def test_remedies_are_refused_and_nothing_is_written(tmp_path, remedy):
    path = write_lines(tmp_path / "a.jsonl", [chat_line("p", "a"), chat_line("q", "")])
    with pytest.raises(InputError, match=remedy) as caught:
        convert(path, tmp_path / "b.jsonl", remedies=[remedy])
    assert (caught.value.code, caught.value.location) == ("setting_conflict", "data.remedies")
    assert f"`aliquot check {path} --fix OUT`" in caught.value.hint
    assert not (tmp_path / "b.jsonl").exists()
