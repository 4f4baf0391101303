import json
from datetime import UTC, datetime

import pytest

from aliquot.core.conversation import Message, ToolCall
from aliquot.core.dataset import StoredExample
from aliquot.core.endpoint import EndpointAnswer, EndpointJob
from aliquot.errors import MachineError, RunError
from aliquot.inference.engines.endpoint import (
    Endpoint,
    back_off_s,
    build_request,
    read_answer,
    read_retry_after,
    request_key,
)
from tests.fixtures.stand_in_endpoint import Reply, completion, stand_in_endpoint

KEY = "sk-very-secret"
MESSAGES = (Message("system", "Be brief."), Message("user", "HCl?"), Message("assistant", "acid"))
ROW = StoredExample(example_id="a.0", line=1, messages=MESSAGES)


def make_job(url, **other):
    return EndpointJob(name="m", url=url, model="lab/m", key_env="LAB_KEY", max_new_tokens=4, seed=7, **other)


def ask(*replies, key=KEY):
    """Ask once; return the answer, the stand-in and the waits between tries."""
    waits, left = [], list(replies)
    with stand_in_endpoint(lambda _: left.pop(0) if len(left) > 1 else left[0]) as stand_in:
        job = make_job(stand_in.url)
        endpoint = Endpoint(job, key, sleep=waits.append)
        try:
            return endpoint.answer(build_request(ROW, job)), stand_in, waits
        finally:
            endpoint.close()


def test_a_row_is_asked_as_it_stands_and_greedily():
    answer, stand_in, waits = ask(completion("acid"))
    assert answer == EndpointAnswer(output="acid", num_prompt_tokens=10, num_output_tokens=2)
    assert stand_in.asked == [
        {
            "model": "lab/m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "HCl?"}],
            "temperature": 0,
            "max_tokens": 4,
            "seed": 7,
        }
    ]
    assert stand_in.keys == [f"Bearer {KEY}"]
    assert waits == []


def test_without_a_key_none_is_sent():
    assert ask(completion("acid"), key="")[1].keys == [""]


def test_a_busy_service_is_asked_again_when_it_says():
    answer, stand_in, waits = ask(Reply(429, {}, {"Retry-After": "3"}), completion("acid"))
    assert (answer.output, waits, len(stand_in.asked)) == ("acid", [3.0], 2)


def test_a_service_that_asks_for_an_hour_is_not_waited_for():
    answer, _, waits = ask(Reply(429, "quota", {"Retry-After": "3600"}))
    assert (answer.status, waits) == ("error", [])


def test_a_fault_of_the_service_is_tried_again_after_a_growing_pause():
    answer, _, waits = ask(Reply(500, "oh"), Reply(503, "oh"), completion("acid"))
    assert answer.status == "ok"
    assert 0.25 <= waits[0] <= 0.75 <= 1.5
    assert 0.5 <= waits[1] <= 1.5


@pytest.mark.parametrize("body", ["{broken", {"choices": []}, {"choices": [{"message": "x"}]}, [], "null"])
def test_an_unreadable_answer_is_paid_so_it_is_an_error_at_once(body):
    answer, stand_in, _ = ask(Reply(200, body))
    assert (answer.status, answer.output) == ("error", "")
    assert answer.finish_reason.startswith("unreadable answer")
    assert len(stand_in.asked) == 1


def test_what_an_unreadable_answer_cost_is_counted():
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    answer, _, _ = ask(Reply(200, {"choices": [{"message": {"content": 5}}], "usage": usage}))
    assert (answer.status, answer.num_prompt_tokens, answer.num_output_tokens) == ("error", 9, 3)


def test_an_answer_in_parts_is_read_and_a_failure_told_in_one_is_tried_again():
    parts = [{"type": "text", "text": "ac"}, {"type": "text", "text": "id"}]
    answer, stand_in, _ = ask(completion("", reason="error"), completion(parts))
    assert (answer.status, answer.output, len(stand_in.asked)) == ("ok", "acid", 2)


def test_a_bad_request_is_an_error_at_once_and_its_text_holds_no_key():
    answer, stand_in, _ = ask(Reply(400, f"max_tokens is unknown, {KEY}"))
    assert answer.finish_reason == "HTTP 400: max_tokens is unknown, ***"
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize(
    ("reply", "status", "output"),
    [
        (completion("aci", reason="length"), "truncated", "aci"),
        (completion(None, refusal="I cannot."), "refused", "I cannot."),
        (completion("", reason="content_filter"), "refused", ""),
        (completion(None), "ok", ""),
    ],
)
def test_how_an_answer_ended_is_told(reply, status, output):
    answer = ask(reply)[0]
    assert (answer.status, answer.output) == (status, output)


@pytest.mark.parametrize(("status", "words"), [(401, "the key"), (403, "the key"), (404, "this model")])
def test_a_refusal_names_address_model_and_variable_but_not_the_key(status, words):
    with pytest.raises(RunError) as caught:
        ask(Reply(status, f"Incorrect API key provided: {KEY}"))
    text = str(caught.value)
    assert caught.value.code == "endpoint_refused"
    assert all(part in text for part in (words, "127.0.0.1", "'lab/m'", "LAB_KEY", "is set"))
    assert KEY not in text


def test_an_address_where_nobody_answers_is_told():
    with stand_in_endpoint() as stand_in:
        job = make_job(stand_in.url)
    endpoint = Endpoint(job, KEY, sleep=lambda _: None)
    with pytest.raises(MachineError, match="Nobody answers"):
        endpoint.answer(build_request(ROW, job))
    endpoint.close()


def test_a_slow_service_is_given_up_row_by_row():
    import threading

    gate = threading.Event()
    with stand_in_endpoint(lambda _: gate.wait(10) and completion("late")) as stand_in:
        job = make_job(stand_in.url, timeout_s=0.05)
        endpoint = Endpoint(job, KEY, sleep=lambda _: None)
        answer = endpoint.answer(build_request(ROW, job))
        gate.set()
        endpoint.close()
    assert (answer.status, "Timeout" in answer.finish_reason) == ("error", True)


def test_tools_travel_and_calls_come_back_as_references_are_written():
    call = ToolCall(name="look_up", arguments='{"name": "HCl"}', id="c1")
    messages = (Message("user", "HCl?"), Message("assistant", "", tool_calls=(call,)), Message("tool", "1", tool_call_id="c1"), MESSAGES[2])  # fmt: skip  # noqa: E501
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]
    row = StoredExample(example_id="a.0", line=1, messages=messages, tools=json.dumps(tools))
    request = build_request(row, make_job("http://localhost"))
    assert request["tools"] == tools
    assert request["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"name": "HCl"}'
    assert request["messages"][2]["tool_call_id"] == "c1"
    body = {"choices": [{"message": {"content": None, "tool_calls": request["messages"][1]["tool_calls"]}}]}
    assert read_answer(body).output == messages[1].text


def test_every_thing_that_determines_an_answer_is_in_its_key():
    job = make_job("http://localhost/v1")
    request = build_request(ROW, job)
    others = [{**request, name: "other"} for name in request]
    keys = {request_key(one, job.url) for one in (request, *others)} | {request_key(request, "http://b/v1")}
    assert len(keys) == len(request) + 2


def test_pauses_double_with_jitter_and_are_bounded():
    assert all(0.25 <= back_off_s(0) <= 0.75 and 30 <= back_off_s(50) <= 90 for _ in range(50))
    assert len({back_off_s(3) for _ in range(5)}) > 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("0.5", 0.5), ("-3", 0), ("", None), ("nan", None), ("soon", None),
     ("Tue, 24 Nov 2026 12:00:30 GMT", 30), ("Tue, 24 Nov 2026 11:00:00 GMT", 0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert read_retry_after(text, lambda: datetime(2026, 11, 24, 12, tzinfo=UTC)) == seconds
