"""Metrics of closed labels: examples by hand, agreement with scikit-learn, bad answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from aliquot.evaluation.metric import get_metric
from aliquot.evaluation.metrics.expected_calibration_error import equal_mass_bins
from tests.fixtures.answers import make_answers

LABELS = ("H", "L", "M")
PAIRS = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, "I do not know"])), min_size=1, max_size=40
)


def _value(name, references, outputs, **more):
    return get_metric(name).compute(make_answers("labels", references, outputs, labels=LABELS, **more))


def _tables(rows):
    return [dict(zip(LABELS, row, strict=True)) for row in rows]


# Six items: H right, H wrong, L right, L unparsed, M right, M right.
REFERENCES = ["H", "H", "L", "L", "M", "M"]
OUTPUTS = ["H", "M", "L", "maybe L", "M", "M"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 4 / 6),
        ("exact_match", 4 / 6),
        ("parse_failure_rate", 1 / 6),
        ("balanced_accuracy", (1 / 2 + 1 / 2 + 1) / 3),
        # F1 = 2·hits / (expected + answered): H 2/3, L 2/3, M 4/5.
        ("macro_f1", (2 / 3 + 2 / 3 + 4 / 5) / 3),
        # Equally many of each class.
        ("weighted_f1", (2 / 3 + 2 / 3 + 4 / 5) / 3),
        # (4·6 - (2·1 + 2·1 + 2·3)) / sqrt((36 - 12)(36 - (1 + 1 + 9 + 1)))
        ("matthews", 14 / 24),
    ],
)
def test_the_worked_example(name, value):
    assert _value(name, REFERENCES, OUTPUTS) == pytest.approx(value)


@given(PAIRS)
def test_label_metrics_agree_with_scikit_learn(pairs):
    references, outputs = map(list, zip(*pairs, strict=True))
    occurring = sorted({*references, *outputs} & set(LABELS))
    assert _value("accuracy", references, outputs) == pytest.approx(sk.accuracy_score(references, outputs))
    assert _value("macro_f1", references, outputs) == pytest.approx(
        sk.f1_score(references, outputs, labels=occurring, average="macro", zero_division=0)
    )
    assert _value("weighted_f1", references, outputs) == pytest.approx(
        sk.f1_score(references, outputs, labels=occurring, average="weighted", zero_division=0)
    )
    recalls = sk.recall_score(
        references, outputs, labels=sorted(set(references)), average="macro", zero_division=0
    )
    assert _value("balanced_accuracy", references, outputs) == pytest.approx(recalls)
    if len(set(references)) > 1:
        assert _value("matthews", references, outputs) == pytest.approx(
            sk.matthews_corrcoef(references, outputs), abs=1e-12
        )


def test_correlation_with_one_class_of_references_is_undefined_and_with_one_answer_zero():
    assert _value("matthews", ["H", "H"], ["H", "L"]) is None
    assert _value("matthews", ["H", "L"], ["H", "H"]) == 0.0


PROBABILITIES = [(0.7, 0.2, 0.1), (0.5, 0.3, 0.2), (0.1, 0.3, 0.6)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("negative_log_likelihood", -(math.log(0.7) + math.log(0.3) + math.log(0.6)) / 3),
        ("brier", ((0.09 + 0.04 + 0.01) + (0.25 + 0.49 + 0.04) + (0.01 + 0.09 + 0.16)) / 3),
        ("accuracy_from_probabilities", 2 / 3),
        ("top_two_accuracy", 1.0),
        ("agreement_with_probabilities", 1.0),
        # H: 0.7 against 0.5 and 0.1 won twice. L: 0.3 against 0.2 and 0.3, won and tied. M: 0.6 won twice.
        ("roc_auc", (1 + 0.75 + 1) / 3),
        # L: both items at 0.3 are called together, and one of the two is right.
        ("average_precision", (1 + 0.5 + 1) / 3),
        # One bin: 2 of 3 right with a mean confidence of 0.6.
        ("expected_calibration_error", 2 / 3 - 0.6),
    ],
)
def test_the_worked_example_of_probabilities(name, value):
    found = _value(name, ["H", "L", "M"], ["H", "H", "M"], probabilities=_tables(PROBABILITIES))
    assert found == pytest.approx(value)


def test_probability_metrics_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet([1, 2, 3], size=60)
    references = rng.choice(LABELS, size=60).tolist()
    more = {"probabilities": _tables(rows.tolist())}
    found = _value("negative_log_likelihood", references, references, **more)
    assert found == pytest.approx(sk.log_loss(references, rows, labels=list(LABELS)))
    found = _value("brier", references, references, **more)
    assert found == pytest.approx(
        sk.brier_score_loss(references, rows, labels=list(LABELS), scale_by_half=False)
    )


OF_PROBABILITIES = [
    "negative_log_likelihood",
    "brier",
    "accuracy_from_probabilities",
    "expected_calibration_error",
    "top_two_accuracy",
    "agreement_with_probabilities",
    "roc_auc",
    "average_precision",
]


@pytest.mark.parametrize("num_decimals", [1, 6])
@pytest.mark.parametrize("seed", range(6))
def test_metrics_of_ranked_labels_agree_with_scikit_learn(seed, num_decimals):
    # One decimal makes many ties; in every other draw one of the labels is never expected.
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet([1, 1, 1], size=50).round(num_decimals)
    references = rng.choice(LABELS[: 3 - seed % 2], size=50).tolist()
    more = {"probabilities": _tables(rows.tolist())}
    truth = np.array([[label == reference for label in LABELS] for reference in references])
    occurs = truth.any(axis=0)
    areas = [sk.roc_auc_score(truth[:, k], rows[:, k]) for k in np.flatnonzero(occurs)]
    precisions = [sk.average_precision_score(truth[:, k], rows[:, k]) for k in np.flatnonzero(occurs)]
    assert _value("roc_auc", references, references, **more) == pytest.approx(np.mean(areas))
    assert _value("average_precision", references, references, **more) == pytest.approx(np.mean(precisions))
    if num_decimals == 6:
        index = [LABELS.index(reference) for reference in references]
        expected = sk.top_k_accuracy_score(index, rows, k=2, labels=range(3))
        assert _value("top_two_accuracy", references, references, **more) == pytest.approx(expected)


def test_ranked_labels_of_one_class_have_no_area_and_two_labels_no_top_two():
    more = {"probabilities": _tables([(0.7, 0.2, 0.1), (0.1, 0.3, 0.6)])}
    assert _value("roc_auc", ["H", "H"], ["H", "H"], **more) is None
    two = [{"H": 0.7, "L": 0.3}, {"H": 0.2, "L": 0.8}]
    answers = make_answers("labels", ["H", "L"], ["H", "L"], probabilities=two)
    assert get_metric("top_two_accuracy").compute(answers) is None
    assert get_metric("roc_auc").compute(answers) == 1.0


def test_a_model_that_knows_nothing_has_half_the_area_and_the_precision_of_its_prior():
    references = ["H"] * 30 + ["L"] * 70
    same = {"probabilities": _tables([(0.4, 0.4, 0.2)] * 100)}
    assert _value("roc_auc", references, references, **same) == pytest.approx(0.5)
    assert _value("average_precision", references, references, **same) == pytest.approx((0.3 + 0.7) / 2)


def test_text_and_probabilities_that_disagree_are_told_apart():
    more = {"probabilities": _tables([(0.7, 0.2, 0.1), (0.5, 0.5, 0.0), (0.1, 0.3, 0.6)])}
    found = _value("agreement_with_probabilities", ["H", "H", "H"], ["H", "L", "none"], **more)
    assert found == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_without_probabilities_their_metrics_are_undefined(name):
    assert _value(name, ["H", "L"], ["H", "L"]) is None
    partly = [{"H": 1.0}, None]
    assert _value(name, ["H", "L"], ["H", "L"], probabilities=partly) is None


def test_an_impossible_label_that_occurs_costs_much_but_finitely_much():
    cost = _value("negative_log_likelihood", ["H"], ["H"], probabilities=[{"L": 1.0}])
    assert cost == pytest.approx(34.5, abs=0.1)


def test_sharper_but_wrong_is_worse_in_likelihood_at_equal_accuracy():
    mild = _tables([(0.6, 0.4, 0.0), (0.6, 0.4, 0.0)])
    sharp = _tables([(0.99, 0.01, 0.0), (0.99, 0.01, 0.0)])
    references = ["H", "L"]
    for name in ("negative_log_likelihood", "brier", "expected_calibration_error"):
        assert _value(name, references, references, probabilities=sharp) > _value(
            name, references, references, probabilities=mild
        )


def test_calibration_bins_are_equally_full_and_keep_ties_together():
    rng = np.random.default_rng(1)
    assert np.bincount(equal_mass_bins(rng.random(300))).tolist() == [20] * 15
    assert len(np.bincount(equal_mass_bins(rng.random(45)))) == 2
    tied = equal_mass_bins(np.repeat([0.5, 0.9], 50))
    assert len(set(tied[:50].tolist())) == len(set(tied[50:].tolist())) == 1


def test_calibration_error_of_a_calibrated_model_is_small_and_of_a_boaster_large():
    rng = np.random.default_rng(2)
    sure = rng.uniform(0.4, 1.0, size=2000)
    tables = _tables([(p, (1 - p) / 2, (1 - p) / 2) for p in sure])
    honest = ["H" if rng.random() < p else "L" for p in sure]
    assert _value("expected_calibration_error", honest, honest, probabilities=tables) < 0.05
    boasts = ["H" if rng.random() < 0.4 else "L" for _ in sure]
    assert _value("expected_calibration_error", boasts, boasts, probabilities=tables) > 0.2


def test_noise_alone_looks_like_a_calibration_error_so_it_is_given_without_an_interval():
    rng = np.random.default_rng(3)
    sure = rng.uniform(0.5, 1.0, size=500)
    tables = _tables([(p, 1 - p, 0.0) for p in sure])
    honest = ["H" if rng.random() < p else "L" for p in sure]
    assert _value("expected_calibration_error", honest, honest, probabilities=tables) > 0.02
    assert get_metric("expected_calibration_error").interval == "none"
