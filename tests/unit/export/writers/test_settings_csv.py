import csv
import io
import json

from aliquot.export.writers.settings_csv import COLUMNS, write_settings


def test_every_setting_is_a_line_whose_value_reads_back(scored_run):
    run_dir = scored_run()
    rows = list(csv.DictReader(io.StringIO(write_settings(run_dir))))
    choices = run_dir.read_spec().plan.choices
    assert tuple(rows[0]) == COLUMNS
    assert [row["setting"] for row in rows] == [choice.name for choice in choices]
    assert [json.loads(row["value"]) for row in rows] == [choice.value for choice in choices]
    assert rows[1]["set_by"] == "you"
    assert rows[1]["rule_value"] == "15 passes"
