"""Scoring one answer, with every way an answer can be bad."""

import pytest

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.errors import RunError
from aliquot.evaluation.normaliser import build_normaliser
from aliquot.evaluation.score import list_also_accepted, read_accepted_answers, score_prediction
from tests.fixtures.answers import make_prediction


def _score(normaliser, reference, output, status="ok"):
    prediction = make_prediction(1, reference, output, status=status)
    return score_prediction(prediction, build_normaliser(normaliser, ("high", "low")))


@pytest.mark.parametrize(
    ("output", "status", "raw", "normalised", "parsed"),
    [
        ("high", "ok", 1.0, 1.0, "high"),
        ("High.", "ok", 0.0, 1.0, "high"),
        ("low", "ok", 0.0, 0.0, "low"),
        ("", "ok", 0.0, 0.0, None),
        ("The answer is high", "ok", 0.0, 0.0, None),
        ("high", "truncated", 0.0, 0.0, None),
        ("high", "error", 0.0, 0.0, None),
    ],
)
def test_labels(output, status, raw, normalised, parsed):
    score = _score("labels-1", "high", output, status)
    assert (score.raw, score.normalised, score.parsed) == (raw, normalised, parsed)
    assert score.is_parsed is (parsed is not None)


@pytest.mark.parametrize(
    ("output", "status", "error"),
    [
        ("-3.25", "ok", 0.0),
        ("-3.0", "ok", 0.25),
        ("3.25", "ok", 6.5),
        ("unknown", "ok", None),
        ("-3.2", "truncated", None),
    ],
)
def test_numbers_score_the_absolute_error(output, status, error):
    score = _score("number-1", "-3.25", output, status)
    assert score.normalised == error
    assert score.is_parsed is (error is not None)


def test_text_is_scored_raw_and_normalised_side_by_side():
    score = _score("text-1", "Sodium chloride", "sodium  chloride.")
    assert (score.raw, score.normalised) == (0.0, 1.0)


def test_a_reference_that_cannot_be_read_is_an_error_not_a_wrong_answer():
    with pytest.raises(RunError, match="'n/a'") as caught:
        _score("number-1", "n/a", "5")
    assert caught.value.code == "reference_unreadable"


def test_any_accepted_answer_is_right_and_is_stored_with_the_score():
    prediction = make_prediction(1, "a; b", "d; c")
    normaliser = build_normaliser("set-1", separator=";")
    assert score_prediction(prediction, normaliser).normalised == 0.0
    score = score_prediction(prediction, normaliser, ("c; d",))
    assert (score.raw, score.normalised, score.accepted) == (0.0, 1.0, ("c; d",))
    with pytest.raises(RunError, match="a list of items"):
        score_prediction(prediction, normaliser, ("",))


def test_rows_name_further_answers_in_their_metadata():
    message = (Message("user", "q"), Message("assistant", "a"))
    row = StoredExample(
        example_id="x.0", line=1, messages=message, metadata={"accepted_answers": '["b", ["c", "d"]]'}
    )
    sets, labels = build_normaliser("set-1", separator=";"), build_normaliser("labels-1", ("a",))
    assert list_also_accepted([row], sets) == {"x.0": ("b", '["c","d"]')}
    assert read_accepted_answers([row], sets) == [('["a"]', '["b"]', '["c","d"]')]
    assert read_accepted_answers([row], labels) == [("a",)]
