import pytest

from aliquot.export.answers import read_answers
from aliquot.export.page.all_metrics import describe_all_metrics
from aliquot.export.page.results import describe_results
from aliquot.export.record import read_record
from aliquot.export.wording import metric_title


def _tables(run_dir):
    record = read_record(run_dir)
    return record, describe_all_metrics(record.report, record.results)


@pytest.mark.parametrize("task", ["labels", "number", "text", "set", "json"])
def test_every_metric_of_every_model_is_there_the_primary_one_first(task, scored_run):
    record, tables = _tables(scored_run(task))
    expected = sum(len(result.metrics) for result in record.results)
    assert sum(len(table.rows) for table in tables) == expected
    assert tables[0].rows[0][0].lower() == record.results[0].title.lower()
    primary = record.results[0].primary
    assert tables[0].title == metric_title(primary)
    assert all(table.citation for table in tables)


def test_a_bias_is_best_near_zero_and_an_error_lower(scored_run):
    _, tables = _tables(scored_run("number"))
    directions = {table.title: table.direction for table in tables}
    assert "best near zero" in directions.values()
    assert tables[0].direction == "lower is better"


@pytest.mark.parametrize(
    ("task", "titles"),
    [
        (
            "labels",
            (
                "Balanced accuracy",
                "Macro F1",
                "Matthews correlation",
                "ROC-AUC",
                "Negative log-likelihood",
                "Expected calibration error",
            ),
        ),
        ("number", ("Root mean squared error", "R²", "Spearman correlation", "Bias")),
    ],
)
def test_the_usual_metrics_stand_in_the_table_of_models(task, titles, scored_run):
    record = read_record(scored_run(task))
    others = describe_results(record, read_answers(record)).others
    assert others[: len(titles)] == titles
