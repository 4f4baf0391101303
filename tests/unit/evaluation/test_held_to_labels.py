from aliquot.core.result import Prediction, Score
from aliquot.evaluation.held_to_labels import hold_to_labels


def _prediction(output, probabilities, model="base"):
    return Prediction(
        example_id="a.0",
        split="test",
        model=model,
        prompt_sha256="0",
        reference="high",
        output=output,
        status="truncated",
        label_probabilities=probabilities,
    )


def _score(is_parsed, model="base"):
    return Score(
        example_id="a.0",
        model=model,
        split="test",
        reference="high",
        output="",
        parsed="high" if is_parsed else None,
        is_parsed=is_parsed,
        status="ok",
        raw=0.0,
        normalised=0.0,
    )


def test_an_unreadable_answer_is_replaced_by_the_likeliest_label():
    held = hold_to_labels(
        {"base": [_prediction("This is a", {"high": 0.6, "low": 0.4})]}, {"base": [_score(False)]}
    )
    (prediction,) = held["base_held"]
    assert (prediction.output, prediction.status, prediction.model) == ("high", "ok", "base_held")
    assert prediction.label_probabilities == {"high": 0.6, "low": 0.4}


def test_of_equal_labels_the_first_by_name_counts():
    held = hold_to_labels({"base": [_prediction("?", {"low": 0.5, "high": 0.5})]}, {"base": [_score(False)]})
    assert held["base_held"][0].output == "high"


def test_nothing_is_added_where_every_answer_was_readable_or_no_probabilities_are_known():
    readable = {"base": [_prediction("high", {"high": 0.6, "low": 0.4})]}
    assert hold_to_labels(readable, {"base": [_score(True)]}) == {}
    unknown = {"base": [_prediction("This is", None)]}
    assert hold_to_labels(unknown, {"base": [_score(False)]}) == {}


def test_the_tuned_model_and_the_baselines_are_never_helped():
    for model in ("tuned", "linear", "majority"):
        predictions = {model: [_prediction("This is", {"high": 0.6, "low": 0.4}, model)]}
        assert hold_to_labels(predictions, {model: [_score(False, model)]}) == {}
