import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from aliquot.core.endpoint import EndpointAnswer, EndpointJob
from aliquot.core.records import encode
from aliquot.errors import RunError
from aliquot.tokenization.encoder import Encoder
from aliquot.worker.asking import MAX_ERRORS_IN_A_ROW
from aliquot.worker.endpoint_answers import EndpointPredictor
from tests.fixtures.stand_in_endpoint import Reply, completion, stand_in_endpoint
from tests.fixtures.tiny_run import make_tiny_run

JOB = EndpointJob(
    name="rival", url="http://localhost/v1", model="lab/rival", key_env="LAB_KEY", max_new_tokens=4, seed=7,
    num_at_once=1,
)  # fmt: skip
PRICED = replace(JOB, price_in=1.0, price_out=2.0)
ROW_USD = (10 * 1.0 + 2 * 2.0) / 1e6
GOOD = EndpointAnswer(output="acid", num_prompt_tokens=10, num_output_tokens=2)
BAD = EndpointAnswer(output="", status="error", finish_reason="HTTP 500: oh")
NUM_ROWS = 12


class Service:
    """An endpoint without a network: counts what it is asked; answers by number, counted from 1."""

    def __init__(self, answer=lambda number: GOOD):
        self.num_asked, self._answer, self._lock = 0, answer, threading.Lock()

    def __call__(self, request):
        with self._lock:
            self.num_asked += 1
            number = self.num_asked
        return self._answer(number)


@pytest.fixture
def run_dir(tmp_path, prepared_dir):
    return make_tiny_run(tmp_path / "run", prepared_dir)


@pytest.fixture
def predict(run_dir, prepared_dir, tmp_path):
    def predict(service, job=JOB, cache="cache", is_stopping=lambda: False):
        news = []
        predictor = EndpointPredictor(
            run_dir, job, service, encoder=Encoder.load(prepared_dir), cache_dir=tmp_path / cache
        )
        predictor.predict(tell=news.append, is_stopping=is_stopping)
        return news

    return predict


def interrupt_at(number):
    def answer(now):
        if now == number:
            raise RunError("refused", code="endpoint_refused")
        return GOOD

    return answer


@pytest.mark.parametrize("num_at_once", [1, 4, 30])
def test_every_row_has_its_answer_in_the_order_of_the_rows(predict, run_dir, num_at_once):
    rows = {row.example_id: row for row in run_dir.read_rows("test")}
    news = predict(Service(), replace(PRICED, num_at_once=num_at_once))
    answers = run_dir.read_predictions("rival", "test")
    assert [one.example_id for one in answers] == list(rows)
    assert all((one.model, one.output, one.label_probabilities) == ("rival", "acid", None) for one in answers)
    assert all(one.reference == rows[one.example_id].reference for one in answers)
    assert [one.kind for one in news] == ["estimate", *["progress"] * NUM_ROWS, "done"]
    assert not list((run_dir.path / "predictions").glob("*.part"))


def test_how_answers_were_made_is_written_down(predict, run_dir):
    predict(Service(), PRICED)
    source = run_dir.find_source("rival", "test")
    assert (source.engine, source.title, source.num_answers, source.num_cached) == (
        "endpoint",
        "lab/rival",
        NUM_ROWS,
        0,
    )
    assert (source.num_prompt_tokens, source.num_output_tokens) == (10 * NUM_ROWS, 2 * NUM_ROWS)
    assert source.cost_usd == pytest.approx(NUM_ROWS * ROW_USD)
    assert source.settings["url"] == JOB.url
    assert source.seconds is not None


def test_the_estimate_comes_before_anything_is_asked_and_holds_the_longest_answers(
    predict, prepared_dir, run_dir
):
    encoder = Encoder.load(prepared_dir)
    num_prompt_tokens = sum(len(encoder.encode_prompt(row.prompt)) for row in run_dir.read_rows("test"))
    estimate = predict(Service(), PRICED)[0]
    assert (estimate.num_prompt_tokens, estimate.num_output_tokens) == (num_prompt_tokens, NUM_ROWS * 4)
    assert estimate.cost_usd == pytest.approx((num_prompt_tokens + 2 * NUM_ROWS * 4) / 1e6)


@pytest.mark.parametrize("num_at_once", [1, 4])
def test_an_interrupted_prediction_goes_on_and_pays_for_nothing_twice(predict, run_dir, num_at_once):
    first = Service(interrupt_at(6))
    with pytest.raises(RunError):
        predict(first, replace(PRICED, num_at_once=num_at_once))
    second = Service()
    # Another folder of cached answers: what is kept in the run alone must do.
    news = predict(second, replace(PRICED, num_at_once=num_at_once), cache="other")
    assert second.num_asked == NUM_ROWS - (first.num_asked - 1)
    assert (news[-1].num_done, news[-1].num_cached) == (NUM_ROWS, 0)
    assert news[-1].cost_usd == pytest.approx(NUM_ROWS * ROW_USD)


def test_a_torn_line_is_asked_again(predict, run_dir):
    with pytest.raises(RunError):
        predict(Service(interrupt_at(6)))
    part = run_dir.path / "predictions" / "rival.test.part"
    part.write_bytes(part.read_bytes()[:-20])
    service = Service()
    predict(service, cache="other")
    assert service.num_asked == NUM_ROWS - 4
    assert len(run_dir.read_predictions("rival", "test")) == NUM_ROWS


@pytest.mark.parametrize(
    "change", [{"model": "x"}, {"url": "http://b/v1"}, {"max_new_tokens": 5}, {"seed": 8}]
)
def test_answers_to_another_question_are_not_taken(predict, change):
    with pytest.raises(RunError):
        predict(Service(interrupt_at(6)))
    service = Service()
    predict(service, replace(JOB, **change))
    assert service.num_asked == NUM_ROWS


def test_a_second_run_costs_nothing(predict, run_dir):
    predict(Service(), PRICED)
    first = run_dir.read_predictions("rival", "test")
    service = Service()
    news = predict(service, PRICED)
    assert service.num_asked == 0
    assert (news[-1].num_cached, news[-1].cost_usd) == (NUM_ROWS, 0)
    assert run_dir.read_predictions("rival", "test") == first
    assert run_dir.find_source("rival", "test").num_cached == NUM_ROWS


def test_a_row_without_an_answer_stays_in_the_file_and_is_not_cached(predict, run_dir):
    news = predict(Service(lambda number: BAD if number == 3 else GOOD), PRICED)
    failed = run_dir.read_predictions("rival", "test")[2]
    assert (failed.status, failed.output, failed.finish_reason) == ("error", "", "HTTP 500: oh")
    assert (news[-1].num_done, news[-1].num_errors) == (NUM_ROWS, 1)
    assert news[-1].cost_usd == pytest.approx((NUM_ROWS - 1) * ROW_USD)
    service = Service()
    predict(service, PRICED)
    assert service.num_asked == 1
    assert run_dir.find_source("rival", "test").cost_usd == pytest.approx(NUM_ROWS * ROW_USD)


def test_a_service_out_of_order_is_left_alone(predict, run_dir):
    service = Service(lambda number: BAD)
    with pytest.raises(RunError) as caught:
        predict(service)
    assert caught.value.code == "endpoint_failing"
    assert service.num_asked == MAX_ERRORS_IN_A_ROW


@pytest.mark.parametrize("num_at_once", [1, 4])
@pytest.mark.parametrize("num_paid", [0, 3, 7])
def test_the_cap_is_never_passed_and_answers_are_kept(predict, run_dir, num_at_once, num_paid):
    cap = num_paid * ROW_USD + 0.0003
    job = replace(PRICED, max_cost_usd=cap, num_at_once=num_at_once, price_out=100.0)
    dear = replace(GOOD, num_output_tokens=4)  # each answer as long as it may be
    service = Service(lambda number: dear)
    with pytest.raises(RunError) as caught:
        predict(service, job)
    assert caught.value.code == "cost_cap_reached"
    assert service.num_asked * (10 + 400) / 1e6 <= cap
    kept = (run_dir.path / "predictions" / "rival.test.part").read_bytes().count(b"\n")
    assert kept == service.num_asked
    again = Service(lambda number: dear)
    predict(again, replace(job, max_cost_usd=1.0))
    assert again.num_asked == NUM_ROWS - kept


def test_a_cap_that_suffices_stops_nothing(predict):
    assert predict(Service(), replace(PRICED, max_cost_usd=1.0, num_at_once=4))[-1].kind == "done"


def test_a_wish_to_stop_keeps_what_is_under_way(predict, run_dir):
    service = Service()
    news = predict(service, replace(JOB, num_at_once=3), is_stopping=lambda: service.num_asked >= 5)
    assert news[-1].kind == "stopped"
    assert news[-1].num_done == service.num_asked
    assert not run_dir.predictions_path("rival", "test").is_file()


def test_what_fails_while_stopping_is_no_answer_even_of_the_last_rows(predict, run_dir):
    are_all_asked = threading.Barrier(4)

    def answer(number):
        if number <= NUM_ROWS - 4:
            return GOOD
        are_all_asked.wait(timeout=30)
        return BAD

    service = Service(answer)
    news = predict(service, replace(JOB, num_at_once=4), is_stopping=lambda: service.num_asked >= NUM_ROWS)
    assert (news[-1].kind, news[-1].num_errors) == ("stopped", 0)
    assert not run_dir.predictions_path("rival", "test").is_file()


def test_tokens_that_the_service_does_not_count_are_counted_by_the_base(predict, run_dir):
    predict(Service(lambda number: EndpointAnswer(output="acid")))
    answers = run_dir.read_predictions("rival", "test")
    assert all(one.num_prompt_tokens > 5 and one.num_output_tokens >= 1 for one in answers)


def test_two_processes_do_not_ask_under_one_name(predict, run_dir):
    def answer(number):
        with pytest.raises(RunError, match="Another process"):
            predict(Service())
        return GOOD

    predict(Service(answer))


def start(run_dir, prepared_dir, tmp_path, job):
    folders = ["--model-dir", str(prepared_dir), "--cache-dir", str(tmp_path / "cache")]
    process = subprocess.Popen(
        [sys.executable, "-m", "aliquot.worker.predict_endpoint", str(run_dir.path), *folders],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "LAB_KEY": "sk-very-secret"},
    )  # fmt: skip
    process.stdin.write(encode(job) + b"\n")
    process.stdin.flush()
    return process


def test_a_killed_worker_loses_no_answer_that_came(run_dir, prepared_dir, tmp_path):
    with stand_in_endpoint() as stand_in:
        job = replace(PRICED, url=stand_in.url)
        killed = []

        def strike(request):
            if len(stand_in.asked) == 6 and not killed:
                killed.append(True)
                os.kill(process.pid, signal.SIGKILL)
            return completion("acid")

        stand_in.answer = strike
        process = start(run_dir, prepared_dir, tmp_path, job)
        assert process.wait(60) == -signal.SIGKILL
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        process = start(run_dir, prepared_dir, tmp_path, job)
        last = [json.loads(line) for line in process.stdout if json.loads(line)["kind"] == "done"]
        process.communicate()
    assert len(stand_in.asked) == NUM_ROWS + 1  # the one under way was lost, as its answer never came
    assert last[0]["num_done"] == NUM_ROWS
    _require_no_key(tmp_path)


def test_a_refused_key_ends_the_worker_with_the_reason_and_no_key(run_dir, prepared_dir, tmp_path):
    with stand_in_endpoint(lambda _: Reply(401, "no sk-very-secret")) as stand_in:
        process = start(run_dir, prepared_dir, tmp_path, replace(JOB, url=stand_in.url))
        process.wait(60)  # the end of its standard input would ask it to stop
        _, stderr = process.communicate()
    error = json.loads(stderr.splitlines()[-1])
    assert (process.returncode, error["code"]) == (5, "endpoint_refused")
    assert b"sk-very-secret" not in stderr
    assert stand_in.keys[0] == "Bearer sk-very-secret"
    _require_no_key(tmp_path)


def test_the_worker_needs_no_torch():
    program = (
        "import sys, aliquot.worker.predict_endpoint; print({'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _require_no_key(folder):
    found = [path for path in folder.rglob("*") if path.is_file() and b"sk-very" in path.read_bytes()]
    assert found == []


def test_what_is_under_way_counts_against_the_cap(predict):
    def answer(number):
        threading.Event().wait(0.05)
        return replace(GOOD, num_prompt_tokens=0, num_output_tokens=4)

    service = Service(answer)
    with pytest.raises(RunError, match="before the cap"):
        predict(service, replace(JOB, price_in=0.0, price_out=100.0, max_cost_usd=0.0014, num_at_once=4))
    assert service.num_asked == 3  # of 0.0004 USD each
