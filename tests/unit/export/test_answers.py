import pytest

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.core.result import Score
from aliquot.export.answers import AnsweredRow, is_right, prompt_text, read_answers, shared_start
from aliquot.export.record import read_record


def _score(normalised, is_parsed=True, raw=1.0):
    return Score(
        example_id="a.0",
        model="tuned",
        split="test",
        reference="1",
        output="1",
        parsed="1" if is_parsed else None,
        is_parsed=is_parsed,
        status="ok",
        raw=raw,
        normalised=normalised,
    )


def _row(*messages):
    return AnsweredRow(example=StoredExample(example_id="a.0", line=1, messages=messages), scores={})


def test_every_test_row_has_every_models_answer(scored_run):
    rows = read_answers(read_record(scored_run()))
    assert len(rows) == 40
    assert {len(row.scores) for row in rows} == {7}
    assert all(score.example_id == row.example.example_id for row in rows for score in row.scores.values())


def test_before_scoring_there_are_no_answers(scored_run):
    assert read_answers(read_record(scored_run(state="planned"))) == []


@pytest.mark.parametrize(
    ("task", "tolerance", "score", "verdict"),
    [
        ("labels", None, _score(1.0), True),
        ("labels", None, _score(0.0), False),
        ("text", None, _score(0.0, is_parsed=False, raw=0.0), False),
        ("text", None, _score(1.0, raw=0.0), False),  # "cco" for "CCO" is another molecule
        ("text", None, _score(1.0), True),
        ("number", None, _score(0.3), None),
        ("number", None, _score(None, is_parsed=False), False),
        ("number", 0.5, _score(0.3), True),
        ("number", 0.5, _score(0.7), False),
        ("number", 0.5, _score(None, is_parsed=False), False),
    ],
)
def test_right_and_wrong(task, tolerance, score, verdict):
    assert is_right(score, task, tolerance) is verdict


def test_the_shared_start_never_takes_the_last_turn_of_a_prompt():
    system, same, answer = Message("system", "s"), Message("user", "same"), Message("assistant", "a")
    assert shared_start([_row(system, same, answer)] * 2) == (system,)
    assert shared_start([_row(system, same, answer), _row(same, answer)]) == ()
    assert shared_start([_row(system, same, answer)]) == ()


def test_a_lone_user_turn_is_shown_as_it_is():
    user = Message("user", "Is it good?")
    assert prompt_text((user,)) == "Is it good?"
    assert prompt_text((Message("system", "Be brief."), user)) == "system: Be brief.\n\nuser: Is it good?"
