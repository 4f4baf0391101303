"""Every metric in the folder: it says what it is, and a bad answer costs it something."""

import math

import numpy as np
import pytest

from aliquot.evaluation.metric import METRICS_PACKAGE, Metric, get_metric
from aliquot.plugins import list_extensions
from tests.fixtures.answers import make_answers, make_text_answers

NAMES = list_extensions(METRICS_PACKAGE)
CASES = [(name, task) for name in NAMES for task in get_metric(name).task_types]

REFERENCES = {
    "labels": ["high", "low", "high", "mid", "low", "high"],
    "number": ["1", "-2.5", "3", "40", "5.5", "6"],
    "text": ["iron is a metal", "copper oxide is black", "zinc", "gold", "tin", "lead"],
    "set": ["CaO; TiO2", "Li2CO3; Co3O4", "CoCl2", "NaCl; KCl; LiCl", "Fe2O3", "ZnO"],
    "json": [
        '{"name": "iron", "charge": 2}',
        '{"name": "zinc", "charge": 2}',
        '{"name": "gold", "charge": 3}',
        '{"name": "tin", "charge": 4}',
        '{"name": "lead", "charge": 2}',
        '{"name": "sodium", "charge": 1}',
    ],
    "molecule": ["CCO", "c1ccccc1", "CC(=O)O", "CCN", "C1CCCCC1", "CC(C)C"],
    "composition": ["Fe2O3", "CaTiO3", "LiCoO2", "NaCl", "ZnO", "CuSO4·5H2O"],
    "document": ["iron is a metal", "copper oxide is black", "zinc", "gold", "tin", "Bleiweiß: é"],
}
WRONG = {
    "labels": ["low", "high", "mid", "low", "high", "low"],
    "number": ["60", "5", "-3", "1", "-5.5", "-6"],
    "text": ["iren was no metal", "copper", "zine", "gild", "ton", "led"],
    "set": ["CaO", "Li2CO3; CoO", "COCl2", "NaCl; KCl; RbCl", "Fe3O4", "ZnO; CaO"],
    "json": [
        '{"name": "iron", "charge": "2"}',
        '{"name": "zinc"}',
        '{"name": "silver", "charge": 3, "colour": "yellow"}',
        '[{"name": "tin", "charge": 4}]',
        '{"Name": "lead", "charge": 4}',
        '{"sodium": 1}',
    ],
    "molecule": ["CCCO", "C1CCCCC1", "CC(=O)N", "CNC", "c1ccccc1", "CCCC"],
    "composition": ["Fe3O4", "CaTiO4", "LiCoO4", "NaCl2", "ZnS", "CuSO4"],
    "document": ["another text"] * 6,
}
BAD = {
    "empty": lambda task: [""] * 6,
    "unparsable": lambda task: ["I am not sure about 1 or 2"] * 6,
    "wrong but plausible": lambda task: WRONG[task],
    "verbose": lambda task: [f"It may be 7 or {reference}" for reference in REFERENCES[task]],
}


def _answers(task, outputs, status="ok"):
    if task == "document":  # nothing is answered: what would be right is certain, all else is less probable
        nats = [
            0.0 if text == output else -2.5 - place
            for place, (text, output) in enumerate(zip(REFERENCES[task], outputs, strict=True))
        ]
        return make_text_answers(REFERENCES[task], nats, [3, 4, 1, 1, 1, 5])
    sure_of = outputs if task == "labels" and set(outputs) <= set(REFERENCES["labels"]) else ["low"] * 6
    labels = sorted(set(REFERENCES["labels"]))
    tables = [{label: 0.9 if label == sure else 0.05 for label in labels} for sure in sure_of]
    return make_answers(
        task,
        REFERENCES[task],
        outputs,
        probabilities=tables if task == "labels" else None,
        status=status,
        train_median=4.0,
        tolerance=0.5,
        positive_label="high" if task == "labels" else None,
        class_prior=0.3 if task == "labels" else None,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_says_what_it_is(name):
    metric = get_metric(name)
    assert isinstance(metric, Metric)
    assert metric.name == name
    assert metric.title and metric.citation and metric.task_types
    assert metric.unit in ("share", "nats", "answer", "")
    assert (metric.per_item is None) != (metric.prepare is None)
    assert metric.per_item is not None or metric.interval != "wilson"


@pytest.mark.parametrize(("name", "task"), CASES)
def test_right_answers_give_the_best_value_of_the_range(name, task):
    metric = get_metric(name)
    value = metric.compute(_answers(task, REFERENCES[task]))
    best = {"higher": metric.range[1], "lower": metric.range[0], "zero": 0.0}[metric.direction]
    assert value is not None
    # Probabilities of 0.9 are right but not the best there are.
    slack = (
        0.11 if metric.name in ("negative_log_likelihood", "brier", "expected_calibration_error") else 1e-12
    )
    assert value == pytest.approx(best, abs=slack)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_some_kind_of_bad_answers_is_worse_and_none_is_better(name, task):
    metric = get_metric(name)
    right = metric.compute(_answers(task, REFERENCES[task]))
    values = [metric.compute(_answers(task, make(task))) for make in BAD.values()]
    values.append(metric.compute(_answers(task, REFERENCES[task], status="truncated")))
    defined = [value for value in values if value is not None]
    assert any(metric.is_better(right, value) for value in defined)
    assert not any(metric.is_better(value, right) for value in defined)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_no_answers_have_no_value(name, task):
    assert get_metric(name).compute(make_answers(task, [], [], labels=("a", "b"))) is None


@pytest.mark.parametrize(("name", "task"), CASES)
def test_a_value_stays_in_its_range_and_resamples_are_those_of_repeated_items(name, task):
    metric = get_metric(name)
    outputs = [*REFERENCES[task][:3], *WRONG[task][3:]]
    answers = _answers(task, outputs)
    items = np.array([0, 0, 3, 4, 5, 1])
    counts = np.bincount(items, minlength=6)[None, :].astype(float)
    resampled = float(metric.bind(answers)(counts)[0])
    assert resampled == pytest.approx(metric.compute(answers.take(items)), abs=1e-12)
    low, high = metric.range
    assert (low is None or resampled >= low - 1e-12) and (high is None or resampled <= high + 1e-12)
    assert math.isfinite(resampled)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_order_of_items_changes_nothing(name, task):
    metric = get_metric(name)
    answers = _answers(task, [*REFERENCES[task][:2], *WRONG[task][2:]])
    shuffled = answers.take(np.array([3, 0, 5, 1, 4, 2]))
    assert metric.compute(shuffled) == pytest.approx(metric.compute(answers), abs=1e-12)
