from dataclasses import replace

import pytest

from aliquot.core.result import Interval, MetricValue, Reliability, ReliabilityBin
from aliquot.export.calibration import calibration_sentence, list_panels


def _bin(sure, right, num_items):
    return ReliabilityBin(
        num_items=num_items, low=sure, high=sure, mean_confidence=sure, accuracy=right, interval=None
    )


RELIABILITY = Reliability(model="tuned", bins=(_bin(0.6, 0.5, 10), _bin(0.9, 0.7, 30)))
"""By hand: sure (6 + 27) / 40 = 0.825, right (5 + 21) / 40 = 0.65."""


def _value(metric, value, interval=None):
    return MetricValue(
        metric=metric, value=value, interval=interval, num_items=40, unit="share", direction="higher"
    )


def _sentence(scored_run, low=None, high=None):
    interval = Interval(low=low, high=high, confidence=0.95, method="wilson") if low is not None else None
    metrics = (
        _value("accuracy_from_probabilities", 0.65, interval),
        _value("expected_calibration_error", 0.175),
    )
    result = replace(scored_run().find_report().get_result("tuned"), title="tuned", metrics=metrics)
    return calibration_sentence(result, RELIABILITY)


def test_a_mean_confidence_above_the_interval_is_overconfidence_by_so_much(scored_run):
    assert _sentence(scored_run, 0.5, 0.78) == (
        "Tuned is on average 82 % sure of its likeliest label, which is right for 65 % of the items "
        "[0.50, 0.78]: overconfident by 17 points. "
        "Within bins they differ by 0.17 on average (calibration error)."
    )


@pytest.mark.parametrize(
    ("interval", "words"),
    [((0.5, 0.9), "on the whole as sure as it is right"), ((None, None), "17 points apart")],
)
def test_without_an_interval_or_within_it_there_is_no_verdict(interval, words, scored_run):
    sentence = _sentence(scored_run, *interval)
    assert words in sentence
    assert "confident by" not in sentence


def test_a_mean_confidence_below_the_interval_is_underconfidence(scored_run):
    interval = Interval(low=0.83, high=0.95, confidence=0.95, method="wilson")
    metrics = (_value("accuracy_from_probabilities", 0.9, interval),)
    result = replace(scored_run().find_report().get_result("tuned"), metrics=metrics)
    sentence = calibration_sentence(result, replace(RELIABILITY, bins=(_bin(0.6, 0.9, 40),)))
    assert sentence.endswith("underconfident by 30 points.")


def test_language_models_are_shown_the_tuned_one_first_and_no_baseline(scored_run):
    report = scored_run().find_report()
    panels = list_panels(report)
    names = [panel.reliability.model for panel in panels]
    assert names[:2] == ["tuned", "base"]
    assert [panel.is_tuned for panel in panels][:2] == [True, False]
    assert {"linear", "majority", "base_held"}.isdisjoint(names)
    assert {"linear", "majority"} <= {each.model for each in report.reliability}


def test_without_probabilities_there_is_no_panel(scored_run):
    assert list_panels(scored_run("number").find_report()) == ()
    assert list_panels(replace(scored_run().find_report(), reliability=())) == ()
