import csv
import io

import pytest

from aliquot.export import table_file
from aliquot.export.writers import predictions_csv, predictions_parquet
from tests.fixtures.run_dirs import make_run_dir


@pytest.fixture
def run_dir(tmp_path):
    run_dir = make_run_dir(tmp_path)
    answers = run_dir.read_predictions("tuned", "test")
    # The same model's answers to another split, under the same ids' rows.
    run_dir.rows_path("validation").write_bytes(run_dir.rows_path("test").read_bytes())
    run_dir.save_predictions("tuned", "validation", [_moved(answer) for answer in answers])
    return run_dir


def _moved(answer):
    from dataclasses import replace

    return replace(answer, split="validation", output="=1+1")


def test_every_answer_of_every_model_and_split_has_a_line(run_dir):
    rows = list(csv.DictReader(io.StringIO(predictions_csv.WRITER.write(run_dir))))
    expected = [
        (model, split, answer.example_id)
        for model, split in run_dir.list_predictions()
        for answer in run_dir.read_predictions(model, split)
    ]
    assert [(row["model"], row["split"], row["example_id"]) for row in rows] == expected
    assert {split for _, split, _ in expected} == {"test", "validation"}


def test_label_probabilities_are_columns_empty_where_a_model_gives_none(run_dir):
    rows = list(csv.DictReader(io.StringIO(predictions_csv.WRITER.write(run_dir))))
    for row in rows:
        answers = run_dir.read_predictions(row["model"], row["split"])
        given = next(one for one in answers if one.example_id == row["example_id"]).label_probabilities
        shown = {
            name.removeprefix("probability:"): float(cell)
            for name, cell in row.items()
            if name.startswith("probability:") and cell
        }
        assert shown == (given or {})


def test_parquet_holds_the_letter_and_csv_what_a_spreadsheet_does_not_run(run_dir):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(pyarrow.BufferReader(predictions_parquet.WRITER.write(run_dir))).to_pylist()
    rows = list(csv.DictReader(io.StringIO(predictions_csv.WRITER.write(run_dir))))
    assert [row["output"] for row in table if row["split"] == "validation"][:1] == ["=1+1"]
    assert [row["output"] for row in rows if row["split"] == "validation"][:1] == ["'=1+1"]
    assert [row["line"] for row in table] == [int(row["line"]) for row in rows]


def test_without_pyarrow_there_is_no_parquet_and_no_error(run_dir, monkeypatch):
    monkeypatch.setattr(table_file.importlib.util, "find_spec", lambda name: None)
    assert predictions_parquet.WRITER.write(run_dir) is None
