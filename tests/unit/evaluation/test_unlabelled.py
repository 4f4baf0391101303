"""One label known, the rest unlabelled: examples by hand, and the truth recovered where it is known."""

from dataclasses import replace

import numpy as np
import pytest

from aliquot.evaluation.evaluate import evaluate_run
from aliquot.evaluation.metric import get_metric, list_metrics
from tests.fixtures.answers import make_answers
from tests.fixtures.run_dirs import make_run_dir

LABELS = ("unknown", "yes")
CORRECTED = [metric.name for metric in list_metrics("labels") if metric.unlabelled == "corrected"]

# Five known positives of which 4 are found, and ten unlabelled items of which 4 are called positive.
REFERENCES = ["yes"] * 5 + ["unknown"] * 10
OUTPUTS = ["yes"] * 4 + ["no idea"] + ["yes"] * 4 + ["unknown"] * 5 + ["no idea"]


def _answers(references, outputs, **more):
    more = {"positive_label": "yes", "class_prior": 0.3} | more
    return make_answers("labels", references, outputs, labels=LABELS, **more)


def _value(name, references=REFERENCES, outputs=OUTPUTS, **more):
    return get_metric(name).compute(_answers(references, outputs, **more))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("true_positive_rate", 4 / 5),
        # Of 10 unlabelled items 3 are positive, of which 0.8 · 3 = 2.4 are called so: 1.6 of 7 negatives are.
        ("corrected_false_positive_rate", 1.6 / 7),
        ("corrected_precision", 2.4 / 4),
        ("corrected_balanced_accuracy", (4 / 5 + 1 - 1.6 / 7) / 2),
    ],
)
def test_the_worked_example(name, value):
    assert _value(name) == pytest.approx(value)


def test_the_worked_example_of_the_area():
    # Positives 0.9 and 0.6, unlabelled 0.8, 0.5, 0.4: 3 + 2 of 6 pairs are in order, and (5/6 - 0.1) / 0.8.
    tables = [{"yes": p, "unknown": 1 - p} for p in (0.9, 0.6, 0.8, 0.5, 0.4)]
    references = ["yes"] * 2 + ["unknown"] * 3
    value = _value("corrected_roc_auc", references, references, class_prior=0.2, probabilities=tables)
    assert value == pytest.approx((5 / 6 - 0.1) / 0.8)


def test_impossible_estimates_are_told_as_the_nearest_possible_ones():
    quiet = ["yes"] * 5 + ["unknown"] * 10
    assert _value("corrected_false_positive_rate", outputs=quiet) == 0.0
    assert _value("corrected_precision", outputs=quiet) == 1.0
    assert _value("corrected_balanced_accuracy", outputs=quiet) == 1.0


def test_a_model_that_never_says_positive_has_no_precision():
    assert _value("corrected_precision", outputs=["unknown"] * 15) is None
    assert _value("true_positive_rate", outputs=["unknown"] * 15) == 0.0


@pytest.mark.parametrize("name", CORRECTED)
def test_without_a_stated_prior_nothing_is_corrected(name):
    assert _value(name, class_prior=None, positive_label=None) is None


def _simulate(prior, num_items=20_000):
    """Return answers of a model to known positives and unlabelled items, and the truth about it.

    Log-odds of positives are normal around 1, of negatives around -0.5.
    """
    rng = np.random.default_rng(7)
    is_known_N = rng.random(num_items) < 0.3
    is_positive_N = is_known_N | (rng.random(num_items) < prior)
    log_odds_N = rng.normal(size=num_items) + np.where(is_positive_N, 1.0, -0.5)
    called_N, is_hidden_N = log_odds_N > 0, ~is_known_N
    truth = {
        "true_positive_rate": called_N[is_positive_N].mean(),
        "corrected_false_positive_rate": called_N[~is_positive_N].mean(),
        "corrected_precision": is_positive_N[called_N & is_hidden_N].mean(),
        "corrected_balanced_accuracy": (called_N[is_positive_N].mean() + (~called_N)[~is_positive_N].mean())
        / 2,
        "corrected_roc_auc": (
            rng.choice(log_odds_N[is_positive_N], 200_000) > rng.choice(log_odds_N[~is_positive_N], 200_000)
        ).mean(),
    }
    yes_N = 1 / (1 + np.exp(-log_odds_N))
    columns = (np.where(is_yes_N, "yes", "unknown").tolist() for is_yes_N in (is_known_N, called_N))
    tables = [{"yes": p, "unknown": 1 - p} for p in yes_N.tolist()]
    return _answers(*columns, probabilities=tables), truth


@pytest.mark.parametrize("prior", [0.1, 0.4])
def test_the_correction_recovers_the_truth_that_a_wrong_prior_or_none_misses(prior):
    answers, truth = _simulate(prior)
    assert set(truth) == set(CORRECTED)

    def values(class_prior):
        stated = replace(answers, class_prior=class_prior)
        return {name: get_metric(name).compute(stated) for name in truth}

    assert values(prior) == pytest.approx(truth, abs=0.02)
    missed = {name for name, value in values(0.25).items() if abs(value - truth[name]) > 0.02}
    assert missed == set(CORRECTED) - {"true_positive_rate"}
    assert abs(get_metric("roc_auc").compute(answers) - truth["corrected_roc_auc"]) > 0.03


def _evaluate_unlabelled(tmp_path, **changes):
    run_dir = make_run_dir(tmp_path)
    spec = run_dir.read_spec()
    run_dir.save_spec(replace(spec, evaluation=replace(spec.evaluation, **changes)))
    return evaluate_run(run_dir)


def test_a_report_with_unlabelled_items_says_which_of_its_metrics_are_biased(tmp_path):
    label = make_run_dir(tmp_path / "first").read_spec().task.labels[0]
    report = _evaluate_unlabelled(tmp_path, positive_label=label, class_prior=0.2)
    assert {value.metric for value in report.results[0].metrics} >= set(CORRECTED)
    assert f"Only items labelled {label!r} are known for certain" in report.notes[1]
    assert "0.2 of them as positive" in report.notes[1]
    assert report.notes[2].startswith(
        "Biased, because they take every unlabelled item for a negative: accuracy,"
    )
    assert "orrected" not in report.notes[2] and "parse" not in report.notes[2].lower()


def test_a_report_without_unlabelled_items_has_no_corrected_metrics(tmp_path):
    report = _evaluate_unlabelled(tmp_path)
    assert not {value.metric for value in report.results[0].metrics} & set(CORRECTED)
    assert not any("Biased" in note for note in report.notes)


def test_models_are_compared_on_a_corrected_metric(tmp_path):
    label = make_run_dir(tmp_path / "first").read_spec().task.labels[0]
    report = _evaluate_unlabelled(
        tmp_path, positive_label=label, class_prior=0.2, primary_metric="corrected_balanced_accuracy"
    )
    assert report.results[0].primary.interval is not None
    assert report.comparisons[0].test == "permutation of the two models' answers"
    assert "balanced accuracy, corrected" in report.headline
