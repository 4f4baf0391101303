from dataclasses import replace

from aliquot.core.result import MetricValue, ModelResult
from aliquot.core.run import RunState
from aliquot.export.record import ranked, read_record


def _result(model, value, direction):
    primary = MetricValue(metric="m", value=value, interval=None, num_items=4, unit="", direction=direction)
    return ModelResult(
        model=model, title=model, split="test", kind="baseline", primary=primary, metrics=(primary,)
    )


def test_the_best_comes_first_whatever_the_direction_and_the_undefined_last():
    values = {"a": 0.2, "b": None, "c": 0.7}
    higher = ranked(tuple(_result(name, value, "higher") for name, value in values.items()))
    lower = ranked(tuple(_result(name, value, "lower") for name, value in values.items()))
    assert [result.model for result in higher] == ["c", "a", "b"]
    assert [result.model for result in lower] == ["a", "c", "b"]


def test_a_planned_run_is_a_record_without_results(scored_run):
    record = read_record(scored_run(state="planned"))
    assert (record.state, record.report, record.environment) == (RunState.PLANNED, None, {})
    assert not record.is_settled


def test_a_finished_run_settles_only_when_every_model_is_scored(scored_run):
    record = read_record(scored_run())
    assert record.is_settled
    assert record.report
    without = tuple(result for result in record.report.results if result.model != "tuned")
    unscored = replace(record, report=replace(record.report, results=without))
    assert not unscored.is_settled
    assert replace(unscored, state=RunState.CANCELLED).is_settled
