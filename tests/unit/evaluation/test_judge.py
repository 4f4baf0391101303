import json

import pytest

from aliquot.core.endpoint import EndpointAnswer
from aliquot.errors import InputError
from aliquot.evaluation.grader import read_grader
from aliquot.evaluation.judge import read_reply
from tests.fixtures.graders import ScriptedJudge, grade_items, make_items

ASKED = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "{{ sample.output_text }}"}]
SCORE = {"type": "score_model", "model": "big", "input": ASKED}
LABEL = {
    "type": "label_model",
    "model": "big",
    "input": ASKED,
    "labels": ["yes", "no"],
    "passing_labels": ["yes"],
}


def _grade(reply, definition=SCORE):
    (grade,) = grade_items(definition, make_items([("a", "b")]), ScriptedJudge(lambda text: reply))
    return grade


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('{"result": 0.5}', 0.5),
        ('First {"a": 1}, then\n```json\n{"steps": [], "result": "yes"}\n```', "yes"),
        ('{"result": 0.1} no: {"result": 0.9}', 0.9),
        ("0.75", 0.75),
        (" yes ", "yes"),
    ],
)
def test_the_last_object_with_a_result_is_the_reply(text, result):
    assert read_reply(text).result == result


@pytest.mark.parametrize(
    ("reply", "value", "error"),
    [
        ('{"result": 0.3}', 0.3, ""),
        ('{"result": 7}', 1.0, ""),
        ('{"result": -7}', 0.0, ""),
        ('{"result": "high"}', 0.0, "model_grader_parse_error"),
        ('{"result": true}', 0.0, "model_grader_parse_error"),
        ('{"result": NaN}', 0.0, "model_grader_parse_error"),
        ('{"verdict": 1}', 0.0, "model_grader_parse_error"),
        ("", 0.0, "model_grader_parse_error"),
        (EndpointAnswer(output="no", status="refused"), 0.0, "model_grader_refusal_error"),
        (
            EndpointAnswer(output="", status="error", finish_reason="HTTP 500"),
            0.0,
            "model_grader_server_error",
        ),
    ],
)
def test_a_score_is_a_number_within_its_range_or_an_error(reply, value, error):
    grade = _grade(reply)
    assert (grade.value, grade.error) == (value, error)


def test_a_failed_score_has_the_lowest_value_of_its_range():
    assert _grade("nonsense {", {**SCORE, "range": [1, 5]}).value == 1.0
    assert _grade('{"result": 9}', {**SCORE, "range": [1, 5]}).value == 5.0


@pytest.mark.parametrize(
    ("reply", "value", "error"),
    [
        ('{"result": "yes"}', 1.0, ""),
        ("no", 0.0, ""),
        ('{"result": "Yes"}', 0.0, "model_grader_parse_error"),
        ('{"result": 1}', 0.0, "model_grader_parse_error"),
    ],
)
def test_a_label_is_one_of_the_labels(reply, value, error):
    grade = _grade(reply, LABEL)
    assert (grade.value, grade.error) == (value, error)


def test_the_same_question_is_asked_once_and_parameters_are_sent():
    judge = ScriptedJudge(lambda text: '{"result": 1}')
    definition = {**SCORE, "sampling_params": {"temperature": 0.5, "max_completions_tokens": 9, "seed": 3}}
    grades = grade_items(definition, make_items([("a", "same"), ("b", "same"), ("c", "else")]), judge)
    assert [grade.value for grade in grades] == [1, 1, 1]
    assert len(judge.asked) == 2
    question = judge.asked[0]
    assert (question.model, question.temperature, question.max_tokens, question.seed) == ("big", 0.5, 9, 3)
    assert question.messages[0] == {"role": "system", "content": "Judge."}
    assert question.messages[1]["content"].startswith("same\n\nReply with one JSON object")


@pytest.mark.parametrize(
    "change",
    [
        {"input": []},
        {"input": [{"role": "critic", "content": "x"}]},
        {"input": [{"role": "user", "content": "{{ first.output_text }}"}]},
        {"range": [1, 0]},
        {"sampling_params": {"top_k": 4}},
        {"human_label": "{{ item.human }}"},
    ],
)
def test_a_judge_that_could_not_work_is_refused(change):
    with pytest.raises(InputError) as caught:
        read_grader({"name": "one", **SCORE, **change}, "grader.json")
    assert caught.value.code == "grader_invalid"


PAIRWISE = {
    "type": "pairwise_model",
    "model": "big",
    "input": [{"role": "user", "content": "1: {{ first.output_text }} 2: {{ second.output_text }}"}],
}


def _compare(choose, output="new", rival="old"):
    def reply(text):
        first, second = text.split("\n")[0].removeprefix("1: ").split(" 2: ")
        return json.dumps({"result": choose(first, second)})

    (grade,) = grade_items(PAIRWISE, make_items([("a", output)], rivals=[rival]), ScriptedJudge(reply))
    return grade.value, grade.label


@pytest.mark.parametrize(
    ("choose", "value", "label"),
    [
        (lambda first, second: "first" if first == "new" else "second", 1.0, "win"),
        (lambda first, second: "first" if first == "old" else "second", 0.0, "loss"),
        (lambda first, second: "first", 0.5, "split"),
        (lambda first, second: "second", 0.5, "split"),
        (lambda first, second: "tie", 0.5, "tie"),
        (lambda first, second: "tie" if first == "new" else "second", 0.5, "split"),
    ],
)
def test_only_an_answer_preferred_in_both_orders_wins(choose, value, label):
    assert _compare(choose) == (value, label)


def test_equal_answers_are_a_draw_that_nobody_is_asked_about():
    assert _compare(lambda first, second: pytest.fail("asked"), "same", "same") == (0.5, "tie")
