import csv
import io

from aliquot.export.writers.labels_csv import write_labels


def test_there_is_a_line_per_model_and_label_with_the_stored_values(scored_run):
    report = scored_run().find_report()
    rows = list(csv.DictReader(io.StringIO(write_labels(scored_run()))))
    assert len(rows) == len(report.results) * len(report.labels)
    tuned = next(each for each in report.per_label if each.model == "tuned").labels
    found = [row for row in rows if row["model"] == "tuned"]
    assert [row["label"] for row in found] == [one.label for one in tuned]
    assert [float(row["f1"]) for row in found] == [one.f1 for one in tuned]
    assert [int(row["num_right"]) for row in found] == [one.num_right for one in tuned]


def test_what_is_undefined_is_empty_not_zero(scored_run):
    rows = list(csv.DictReader(io.StringIO(write_labels(scored_run()))))
    never_answered = [row for row in rows if row["num_answered"] == "0"]
    assert never_answered
    assert {row["precision"] for row in never_answered} == {""}


def test_other_tasks_have_no_such_table(scored_run):
    assert write_labels(scored_run("number")) is None
