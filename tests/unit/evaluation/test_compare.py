"""Paired comparisons: planted differences are found, equal models are not told apart."""

from dataclasses import replace

import numpy as np
import pytest

from aliquot.evaluation.compare import (
    Contest,
    choose_pairs,
    compare_families,
    compare_models,
    is_distinguished,
)
from aliquot.evaluation.measure import measure
from aliquot.evaluation.metric import get_metric, mean_of
from aliquot.evaluation.resampling import Resampling, number_units
from tests.fixtures.answers import make_answers

LABELS = ("no", "yes")


def _contest(answers, metric="accuracy", *, groups=None, num_resamples=500, task_type="labels"):
    num_items = len(next(iter(answers.values())))
    resampling = Resampling(
        unit_N=number_units(groups or [None] * num_items), num_resamples=num_resamples, seed=0
    )
    measured = measure(answers, [get_metric(metric)], resampling, 0.95)
    return Contest(
        metric=get_metric(metric),
        answers=answers,
        resampled={model: found[metric].sample for model, found in measured.items()},
        resampling=resampling,
        confidence=0.95,
        task_type=task_type,
    )


def _labels(rng, count, *chances):
    """Answers of one model per chance of being right, to the same items."""
    references = rng.choice(LABELS, size=count).tolist()
    models = {}
    for model, chance in zip(("tuned", "base", "linear"), chances, strict=False):
        flip = rng.random(count) >= chance
        outputs = [LABELS[1 - LABELS.index(r)] if f else r for r, f in zip(references, flip, strict=True)]
        models[model] = make_answers("labels", references, outputs, labels=LABELS)
    return models


def _one(answers, metric="accuracy", **more):
    return compare_models(_contest(answers, metric, **more), [("tuned", "base")])[0]


def test_a_planted_difference_is_found_with_its_size():
    found = _one(_labels(np.random.default_rng(0), 400, 0.9, 0.65))
    assert is_distinguished(found)
    assert found.test == "exact McNemar"
    assert found.interval.low <= 0.25 <= found.interval.high
    assert found.difference == pytest.approx((found.num_only_model - found.num_only_other) / 400)
    assert found.sentence.startswith("On 400 items tuned beats base by ")
    assert found.sentence.endswith("p < 0.001.")


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "matthews", "balanced_accuracy"])
def test_equal_models_are_told_apart_no_more_often_than_the_level_allows(metric):
    rng = np.random.default_rng(1)
    runs = 60
    found = [_one(_labels(rng, 60, 0.7, 0.7), metric, num_resamples=199) for _ in range(runs)]
    assert sum(is_distinguished(one) for one in found) <= 7
    assert all("cannot be told apart" in one.sentence for one in found if not is_distinguished(one))


def test_the_interval_of_a_difference_covers_it_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(150):
        found = _one(_labels(rng, 150, 0.8, 0.6), num_resamples=300)
        covered += found.interval.low <= 0.2 <= found.interval.high
    assert 0.88 <= covered / 150 <= 1.0


@pytest.mark.parametrize("metric", ["macro_f1", "matthews", "balanced_accuracy"])
def test_a_planted_difference_is_found_in_metrics_that_are_no_means(metric):
    found = _one(_labels(np.random.default_rng(3), 200, 0.9, 0.6), metric)
    assert found.p_value < 0.01
    assert found.test == "permutation of the two models' answers"
    assert (found.num_only_model, found.num_only_other) == (0, 0)


def test_exchanging_the_answers_of_a_mean_is_the_exact_test():
    answers = _labels(np.random.default_rng(4), 300, 0.8, 0.72)
    contest = _contest(answers, num_resamples=4000)
    opaque = replace(
        contest.metric,
        per_item=None,
        interval="bootstrap",
        prepare=lambda found: mean_of(found.normalised_N),
    )
    pair = [("tuned", "base")]
    exact = compare_models(contest, pair)[0]
    exchanged = compare_models(replace(contest, metric=opaque), pair)[0]
    assert exact.test != exchanged.test
    assert exchanged.p_value == pytest.approx(exact.p_value, abs=0.03)


def test_swapping_the_models_turns_the_signs_and_keeps_the_sentence():
    answers = _labels(np.random.default_rng(5), 200, 0.9, 0.6)
    contest = _contest(answers)
    forth = compare_models(contest, [("tuned", "base")])[0]
    back = compare_models(contest, [("base", "tuned")])[0]
    assert back.difference == -forth.difference
    assert (back.num_only_model, back.num_only_other) == (forth.num_only_other, forth.num_only_model)
    assert back.p_value == forth.p_value
    assert back.sentence == forth.sentence


def test_an_unparsed_answer_loses_against_a_right_one():
    references = ["yes"] * 40
    answers = {
        "tuned": make_answers("labels", references, ["yes"] * 40, labels=LABELS),
        "base": make_answers("labels", references, ["I would say yes"] * 40, labels=LABELS),
    }
    found = _one(answers)
    assert (found.difference, found.num_only_model) == (1.0, 40)


def _numbers(rng, count, *spreads):
    truth = rng.normal(size=count).round(2)
    return {
        model: make_answers(
            "number",
            [str(value) for value in truth],
            [f"{value + rng.normal(0, spread):.3f}" for value in truth],
        )
        for model, spread in zip(("tuned", "linear"), spreads, strict=True)
    }


def test_for_numbers_the_smaller_error_wins_and_the_sentence_says_so():
    answers = _numbers(np.random.default_rng(6), 200, 1.0, 0.3)
    contest = _contest(answers, "mean_absolute_error", task_type="number")
    found = compare_models(contest, [("tuned", "linear")])[0]
    assert found.test == "sign-flip permutation"
    assert found.difference > 0
    assert found.sentence.startswith("On 200 items the linear model beats tuned by 0.")
    assert "in mean absolute error, p" in found.sentence


def test_groups_are_exchanged_whole_so_copies_of_an_item_prove_nothing():
    single = _labels(np.random.default_rng(7), 8, 0.9, 0.4)
    items = np.repeat(np.arange(8), 30)
    copies = {model: answers.take(items) for model, answers in single.items()}
    groups = [f"molecule {item}" for item in items]
    alone, grouped = _one(copies), _one(copies, groups=groups)
    assert alone.p_value < 1e-6
    assert grouped.p_value > 0.01
    assert grouped.test == "sign-flip permutation of groups"
    assert grouped.interval.high - grouped.interval.low > alone.interval.high - alone.interval.low


def test_p_values_are_adjusted_within_the_report():
    answers = _labels(np.random.default_rng(8), 120, 0.85, 0.7, 0.75)
    found = compare_models(_contest(answers), [("tuned", "base"), ("tuned", "linear"), ("linear", "base")])
    smallest = min(found, key=lambda one: one.p_value)
    assert smallest.p_value_holm == pytest.approx(min(1.0, 3 * smallest.p_value))
    assert all(one.p_value_holm >= one.p_value for one in found)


def test_models_with_the_same_answers_differ_by_nothing():
    answers = _labels(np.random.default_rng(9), 50, 0.8)
    found = _one({"tuned": answers["tuned"], "base": answers["tuned"]})
    assert (found.difference, found.p_value) == (0.0, 1.0)
    # Fifty equal verdicts do not make it certain that there is no difference.
    assert found.interval.low < 0 < found.interval.high
    assert found.sentence.startswith("Tuned and base cannot be told apart (difference 0 points [-")


def test_a_metric_that_is_undefined_for_one_model_is_not_compared():
    answers = _numbers(np.random.default_rng(10), 20, 1.0, 0.3)
    constant = make_answers("number", answers["tuned"].references, ["1"] * 20)
    contest = _contest({"tuned": answers["tuned"], "majority": constant}, "spearman", task_type="number")
    assert compare_models(contest, [("tuned", "majority")]) == []


def test_tuned_is_compared_with_all_and_the_linear_model_with_the_base():
    models = ["tuned", "base", "linear", "majority"]
    assert choose_pairs(models) == {
        "": [("tuned", "base"), ("tuned", "linear"), ("tuned", "majority"), ("linear", "base")]
    }
    assert choose_pairs(["linear", "majority"]) == {"": []}


def test_a_metric_without_a_trustworthy_interval_is_not_compared():
    contest = _contest(_labels(np.random.default_rng(11), 30, 0.9, 0.6))
    opaque = replace(contest, metric=get_metric("expected_calibration_error"))
    assert compare_models(opaque, [("tuned", "base")]) == []


def test_answers_made_elsewhere_are_compared_two_by_two_and_with_baselines_in_a_family_of_its_own():
    models = ["linear", "m2", "m1", "m3"]
    assert choose_pairs(models, "m1") == {
        "models": [("m1", "m2"), ("m1", "m3"), ("m2", "m3")],
        "baselines": [("m1", "linear"), ("m2", "linear"), ("m3", "linear")],
    }
    assert choose_pairs(["tuned", "linear", "rival"]) == {"": [("tuned", "linear"), ("tuned", "rival")]}


def test_p_values_of_one_family_do_not_depend_on_another():
    contest = _contest(_labels(np.random.default_rng(3), 60, 0.9, 0.7))
    pair = ("tuned", "base")
    alone = compare_families(contest, {"models": [pair]})[0]
    beside = compare_families(contest, {"models": [pair], "baselines": [pair, pair, pair]})
    together = compare_families(contest, {"": [pair, pair, pair, pair]})[0]
    assert beside[0] == alone and [one.family for one in beside] == ["models", *["baselines"] * 3]
    assert together.p_value_holm == pytest.approx(4 * alone.p_value_holm)
