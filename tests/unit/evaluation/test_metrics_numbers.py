"""Metrics of numbers: examples by hand, agreement with scikit-learn and scipy, unparsed answers."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from aliquot.evaluation.metric import get_metric
from aliquot.evaluation.metrics.spearman import spearman
from tests.fixtures.answers import make_answers


def _answers(references, outputs, **more):
    return make_answers("number", [str(r) for r in references], [str(o) for o in outputs], **more)


def _value(name, references, outputs, **more):
    return get_metric(name).compute(_answers(references, outputs, **more))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # The third answer is unparsed: it counts as the training median 2, one off.
        ("mean_absolute_error", (0.5 + 0 + 1 + 2) / 4),
        ("mean_absolute_error_parsed", (0.5 + 0 + 2) / 3),
        ("root_mean_squared_error", ((0.25 + 0 + 1 + 4) / 4) ** 0.5),
        # The references' mean is 2.5, their sum of squares about it 5.
        ("r_squared", 1 - 5.25 / 5),
        ("within_tolerance", 2 / 4),
        ("parse_failure_rate", 1 / 4),
        ("median_absolute_error", (0.5 + 1) / 2),
        ("median_absolute_error_parsed", 0.5),
        ("root_mean_squared_error_parsed", (4.25 / 3) ** 0.5),
        ("mean_error", (0.5 + 0 - 1 - 2) / 4),
        ("mean_error_parsed", (0.5 + 0 - 2) / 3),
        # References 1, 2, 4: their sum of squares about the mean is 14/3.
        ("r_squared_parsed", 1 - 4.25 / (14 / 3)),
        # Answers 1.5, 2, 2 have ranks 1, 2.5, 2.5 against 1, 2, 3.
        ("spearman_parsed", 1.5 / (2 * 1.5) ** 0.5),
        # Answers 1.5, 2, 2, 2 have ranks 1, 3, 3, 3 against 1, 2, 3, 4.
        ("spearman", 3 / (5 * 3) ** 0.5),
    ],
)
def test_the_worked_example(name, value):
    found = _value(name, [1, 2, 3, 4], ["1.5", "2", "none", "2"], train_median=2.0, tolerance=0.5)
    assert found == pytest.approx(value)


@pytest.mark.parametrize("seed", range(5))
def test_number_metrics_agree_with_scikit_learn_and_scipy(seed):
    rng = np.random.default_rng(seed)
    # Rounded, so that there are ties among the ranks.
    truth = rng.normal(size=50).round(1)
    answer = (truth + rng.normal(size=50)).round(1)
    found = {
        name: _value(name, truth.tolist(), answer.tolist())
        for name in (
            "mean_absolute_error",
            "median_absolute_error",
            "root_mean_squared_error",
            "r_squared",
            "spearman",
            "spearman_parsed",
            "mean_error",
        )
    }
    assert found == pytest.approx(
        {
            "mean_absolute_error": sk.mean_absolute_error(truth, answer),
            "root_mean_squared_error": sk.root_mean_squared_error(truth, answer),
            "r_squared": sk.r2_score(truth, answer),
            "median_absolute_error": sk.median_absolute_error(truth, answer),
            "spearman": stats.spearmanr(truth, answer).statistic,
            "spearman_parsed": stats.spearmanr(truth, answer).statistic,
            "mean_error": (answer - truth).mean(),
        }
    )


def test_rank_correlation_of_a_resample_is_that_of_the_repeated_items():
    rng = np.random.default_rng(9)
    truth, answer = rng.integers(0, 9, size=(2, 30)).astype(float)
    items = rng.integers(0, 30, size=30)
    counts = np.bincount(items, minlength=30)[None, :].astype(float)
    found = spearman(_answers(truth.tolist(), answer.tolist()))(counts)[0]
    assert found == pytest.approx(stats.spearmanr(truth[items], answer[items]).statistic)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["median_absolute_error", "median_absolute_error_parsed", "spearman_parsed"])
def test_a_resample_of_ordered_values_is_that_of_the_repeated_items(name, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 9, size=31).tolist()
    outputs = [str(value) if value else "?" for value in rng.integers(0, 9, size=31).tolist()]
    answers, items = _answers(truth, outputs, train_median=3.0), rng.integers(0, 31, size=30 + seed)
    counts = np.bincount(items, minlength=31)[None, :].astype(float)
    found = get_metric(name).bind(answers)(counts)[0]
    assert found == pytest.approx(get_metric(name).compute(answers.take(items)))


def test_metrics_of_parsed_answers_count_these_only():
    answers = _answers([1, 2, 3], ["1", "?", "3"])
    assert get_metric("spearman_parsed").count_items(answers) == 2
    assert get_metric("mean_error_parsed").count_items(answers) == 2
    assert get_metric("spearman").count_items(answers) == 3


def test_of_two_biases_the_one_nearer_to_zero_is_better():
    metric = get_metric("mean_error")
    assert metric.is_better(-0.1, 0.5) and metric.is_better(0.1, -0.5)
    assert not metric.is_better(0.5, -0.5)


def test_dropping_unparsed_answers_flatters_and_imputing_them_does_not():
    references, outputs = [1, 2, 9], ["1", "2", "it is large"]
    assert _value("mean_absolute_error_parsed", references, outputs) == 0.0
    assert _value("mean_absolute_error", references, outputs, train_median=1.5) == pytest.approx(2.5)


def test_a_number_right_at_the_tolerance_is_within_it():
    assert _value("within_tolerance", ["0.2"], ["0.3"], tolerance=0.1) == 1.0
    assert _value("within_tolerance", ["0.2"], ["0.301"], tolerance=0.1) == 0.0


@pytest.mark.parametrize(
    ("name", "references", "outputs"),
    [
        ("within_tolerance", [1, 2], [1, 2]),
        ("spearman", [1, 2, 3], [5, 5, 5]),
        ("spearman", [1, 1, 1], [1, 2, 3]),
        ("r_squared", [0.1, 0.1, 0.1], [1, 2, 3]),
        ("mean_absolute_error_parsed", [1, 2], ["?", "?"]),
        ("median_absolute_error_parsed", [1, 2], ["?", "?"]),
        ("spearman_parsed", [1, 2], ["?", "?"]),
        ("r_squared_parsed", [1, 2], ["?", "?"]),
    ],
)
def test_what_cannot_be_computed_is_undefined(name, references, outputs):
    assert _value(name, references, outputs) is None


def test_without_a_training_median_unparsed_answers_leave_errors_undefined_for_their_items():
    nan = float("nan")
    assert _value("spearman", [1, 2, 3], ["1", "2", "?"], train_median=nan) is None
