"""New rows beside their answers, as files."""

import csv
import io
import json

from aliquot.core.prompt import PromptAnswer
from aliquot.export.answered_rows import WRITERS, write_csv_table

ROW = {"prompt": "q", "answer": "second", "row.answer": "first", "row.line": "7"}
ANSWER = PromptAnswer(text="third")


def test_a_file_answered_twice_keeps_every_answer():
    line = json.loads(WRITERS[".jsonl"]([(3, ROW)], [ANSWER]))
    (cells,) = csv.DictReader(io.StringIO(write_csv_table([(3, ROW)], [ANSWER]).decode()))
    for found in (line, cells):
        assert (found["row.row.answer"], found["row.answer"], found["answer"]) == ("first", "second", "third")
        assert (found["row.row.line"], str(found["line"])) == ("7", "3")


def test_other_columns_that_begin_with_row_keep_their_names():
    assert json.loads(WRITERS[".jsonl"]([(1, {"row.color": "red"})], [ANSWER]))["row.color"] == "red"
