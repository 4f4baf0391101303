"""The reliability diagram, and scores of single labels."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from aliquot.core.result import LabelScores
from aliquot.evaluation.metric import get_metric
from aliquot.evaluation.per_label import score_labels
from aliquot.evaluation.reliability import describe_reliability
from tests.fixtures.answers import make_answers, make_prediction

LABELS = ("H", "L")


def _answers(sure, is_right):
    tables = [{"H": p, "L": 1 - p} for p in sure]
    references = ["H" if right else "L" for right in is_right]
    return make_answers("labels", references, references, labels=LABELS, probabilities=tables)


def _describe(answers, masses=(), has_groups=False):
    predictions = [_with_mass(make_prediction(number, "H", "H"), mass) for number, mass in enumerate(masses)]
    return describe_reliability("tuned", answers, predictions, confidence=0.95, has_groups=has_groups)


def _with_mass(prediction, mass):
    return replace(prediction, label_mass=mass)


def test_two_bins_by_hand():
    # Twenty items at 0.6 of which 10 are right, twenty at 0.9 of which 18 are right.
    answers = _answers([0.6] * 20 + [0.9] * 20, [1, 0] * 10 + [1] * 18 + [0] * 2)
    first, second = _describe(answers).bins
    assert (first.num_items, first.mean_confidence, first.accuracy) == (20, pytest.approx(0.6), 0.5)
    assert (second.num_items, second.mean_confidence, second.accuracy) == (20, pytest.approx(0.9), 0.9)
    assert (first.interval.low, first.interval.high) == pytest.approx((0.299, 0.701), abs=1e-3)


def test_the_bins_add_up_to_the_calibration_error():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, size=333)
    answers = _answers(sure, rng.random(333) < 0.7)
    bins = _describe(answers).bins
    assert sum(one.num_items for one in bins) == 333
    gap = sum(one.num_items * abs(one.accuracy - one.mean_confidence) for one in bins) / 333
    assert gap == pytest.approx(get_metric("expected_calibration_error").compute(answers))
    assert all(one.low <= one.mean_confidence <= one.high for one in bins)


def test_items_in_groups_have_bins_without_intervals():
    found = _describe(_answers([0.6] * 4, [1, 0, 1, 1]), has_groups=True)
    assert [one.interval for one in found.bins] == [None]


def test_without_probabilities_there_is_no_diagram():
    assert _describe(make_answers("labels", ["H", "L"], ["H", "L"])) is None


def test_the_mass_of_labels_is_told_where_it_is_known():
    found = _describe(_answers([0.6] * 4, [1, 0, 1, 1]), [0.5, 0.95, 1.0, 0.89])
    assert found.mean_label_mass == pytest.approx(0.835)
    assert found.share_small_mass == 0.5
    assert _describe(_answers([0.6], [1])).mean_label_mass is None


def test_scores_of_each_label_by_hand():
    found = score_labels(
        "tuned", make_answers("labels", ["a", "a", "b"], ["a", "b", "no idea"], labels=("a", "b", "c"))
    )
    assert found.labels == (
        LabelScores(
            label="a", num_expected=2, num_answered=1, num_right=1, precision=1.0, recall=0.5, f1=2 / 3
        ),
        LabelScores(
            label="b", num_expected=1, num_answered=1, num_right=0, precision=0.0, recall=0.0, f1=0.0
        ),
        LabelScores(
            label="c", num_expected=0, num_answered=0, num_right=0, precision=None, recall=None, f1=None
        ),
    )


def test_scores_of_each_label_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    labels = ("a", "b", "c")
    references = rng.choice(labels, 80).tolist()
    outputs = rng.choice([*labels, "?"], 80).tolist()
    found = score_labels("tuned", make_answers("labels", references, outputs, labels=labels)).labels
    precision, recall, f1, support = sk.precision_recall_fscore_support(references, outputs, labels=labels)
    assert [one.precision for one in found] == pytest.approx(precision)
    assert [one.recall for one in found] == pytest.approx(recall)
    assert [one.f1 for one in found] == pytest.approx(f1)
    assert [one.num_expected for one in found] == support.tolist()
