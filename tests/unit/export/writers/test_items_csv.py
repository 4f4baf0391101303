import csv
import io

import pytest

from aliquot.core.spreadsheet_cell import safe_cell
from aliquot.export.writers.items_csv import write_items
from tests.fixtures.scored_runs import make_scored_run, replace_first_test_row


def _read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_there_is_one_row_per_test_example_with_every_score(scored_run):
    run_dir = scored_run()
    rows = _read(write_items(run_dir))
    scores = run_dir.read_scores("tuned", "test")
    assert [row["example_id"] for row in rows] == [
        example.example_id for example in run_dir.read_rows("test")
    ]
    mean = sum(float(row["tuned.score"]) for row in rows) / len(rows)
    assert mean == run_dir.find_report().get_result("tuned").primary.value
    assert [row["tuned.answer"] for row in rows] == [score.output for score in scores]


def test_an_unreadable_number_has_no_score(scored_run):
    rows = _read(write_items(scored_run("number")))
    unread = [row for row in rows if row["base.parsed"] == ""]
    assert unread
    assert {row["base.score"] for row in unread} == {""}


def test_line_breaks_quotes_and_commas_survive(tmp_path):
    run_dir = make_scored_run(tmp_path)
    replace_first_test_row(run_dir, 'one, "two"\nthree\r\nfour; fünf')
    row = _read(write_items(run_dir))[0]
    assert row["tuned.answer"] == 'one, "two"\nthree\r\nfour; fünf'


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_disarmed(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-3.2", "+1e5", "positive", "", None, -3.2, "C=O"])
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert safe_cell(value) == value
