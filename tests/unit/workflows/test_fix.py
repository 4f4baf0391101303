import gzip
import json

import pytest

from aliquot.errors import InputError
from aliquot.workflows.check import check
from tests.unit.data.rows import chat_line, write_lines

GOOD = [chat_line(f"p{index}", "xy"[index % 2], note=str(index)) for index in range(30)]
BENT = json.dumps({"mesages": [{"role": "human", "content": "b"}, {"role": "assistant", "content": "y"}]})
EMPTY = json.dumps({"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": ""}]})


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_corrected_copy_is_written_with_every_change_and_the_source_stays(tmp_path):
    source = write_lines(tmp_path / "rows.jsonl", [*GOOD, BENT])
    before = source.read_bytes()
    report = check(source, fix=tmp_path / "fixed.jsonl")
    assert not report.has_errors
    assert source.read_bytes() == before
    copy = read_lines(tmp_path / "fixed.jsonl")
    assert len(copy) == 31
    assert [message["role"] for message in copy[30]["messages"]] == ["user", "assistant"]
    assert all("split" not in row for row in copy), "a split made for the check is not the file's"
    changes = read_lines(tmp_path / "fixed.changes.jsonl")
    assert [(change["line"], change["field"]) for change in changes] == [
        (31, "mesages"),
        (31, "messages[0].role"),
    ]
    assert check(tmp_path / "fixed.jsonl").num_examples == 31


def test_rows_that_cannot_be_mended_stop_the_copy_unless_they_are_to_be_left_out(tmp_path):
    source = write_lines(tmp_path / "rows.jsonl", [*GOOD, EMPTY])
    with pytest.raises(InputError, match="nothing to learn") as caught:
        check(source, fix=tmp_path / "fixed.jsonl")
    assert caught.value.code == "empty_answer"
    assert "drop_invalid" in caught.value.hint
    assert list(tmp_path.iterdir()) == [source]
    check(source, fix=tmp_path / "fixed.jsonl", remedies=["drop_invalid"])
    assert len(read_lines(tmp_path / "fixed.jsonl")) == 30
    (change,) = read_lines(tmp_path / "fixed.changes.jsonl")
    assert (change["line"], change["action"]) == (31, "left_out")


def test_splits_of_the_file_are_kept_and_nothing_is_replaced(tmp_path):
    rows = [chat_line(f"p{i}", "xy"[i % 2], split="TEST" if i < 10 else "TRAIN") for i in range(40)]
    source = write_lines(tmp_path / "rows.jsonl", [*rows, rows[-1]])
    check(source, fix=tmp_path / "fixed.jsonl", remedies=["drop_duplicates"])
    copy = read_lines(tmp_path / "fixed.jsonl")
    assert [row["split"] for row in copy] == ["test"] * 10 + ["train"] * 30
    with pytest.raises(InputError):
        check(source, fix=tmp_path / "fixed.jsonl")


def test_a_file_that_is_cut_off_gives_no_copy(tmp_path):
    whole = gzip.compress("".join(line + "\n" for line in GOOD * 40).encode())
    source = tmp_path / "rows.jsonl.gz"
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as caught:
        check(source, fix=tmp_path / "fixed.jsonl", remedies=["drop_invalid"])
    assert caught.value.code == "truncated_archive"
    assert list(tmp_path.iterdir()) == [source]


def test_plain_texts_are_copied_as_plain_texts(tmp_path):
    source = write_lines(tmp_path / "texts.jsonl", [json.dumps({"text": f"text {i}"}) for i in range(30)])
    check(source, fix=tmp_path / "fixed.v2.jsonl")
    assert read_lines(tmp_path / "fixed.v2.jsonl")[3]["text"] == "text 3"
    assert (tmp_path / "fixed.v2.changes.jsonl").is_file()
