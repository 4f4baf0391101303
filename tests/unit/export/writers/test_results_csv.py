import csv
import io

import pytest

from aliquot.export.writers.results_csv import write_results


def _read(run_dir):
    return list(csv.DictReader(io.StringIO(write_results(run_dir))))


@pytest.mark.parametrize("task", ["labels", "number", "text", "set", "json"])
def test_every_metric_of_every_model_is_a_line_with_its_exact_value(task, scored_run):
    report = scored_run(task).find_report()
    found = {(row["model"], row["metric"]): row for row in _read(scored_run(task)) if row["rows"] == "all"}
    assert len(found) == sum(len(result.metrics) for result in report.results)
    for result in report.results:
        for value in result.metrics:
            row = found[result.model, value.metric]
            assert (float(row["value"]) if row["value"] else None) == value.value
            assert (float(row["low"]) if row["low"] else None) == (value.interval and value.interval.low)


def test_the_primary_metric_without_overlap_is_a_line_of_its_own(scored_run):
    rows = [row for row in _read(scored_run()) if row["rows"] == "without_overlap"]
    report = scored_run().find_report()
    assert {row["model"] for row in rows} == {each.model for each in report.results if each.without_overlap}
    assert {row["metric"] for row in rows} == {report.primary_metric}


def test_one_metric_is_the_primary_one(scored_run):
    primary = {row["metric"] for row in _read(scored_run()) if row["is_primary"] == "1"}
    assert primary == {scored_run().find_report().primary_metric}
