from dataclasses import replace

import pytest

from aliquot.compute.targets.local import LocalTarget
from aliquot.core.endpoint import EndpointJob, EndpointNews
from aliquot.errors import InputError, Interrupted, RunError
from aliquot.workflows.endpoint_address import is_clear_text, require_possible
from aliquot.workflows.predict import predict
from aliquot.workflows.predict_endpoint import name_of, tell_of
from aliquot.workflows.surroundings import Surroundings
from tests.fixtures.stand_in_endpoint import Reply, completion, stand_in_endpoint
from tests.fixtures.tiny_run import make_tiny_run

JOB = EndpointJob(
    name="rival", url="https://api.example.org/v1", model="lab/rival-4.1", key_env="LAB_KEY",
    max_new_tokens=4, seed=7,
)  # fmt: skip


@pytest.fixture
def tiny_run(places, prepared_dir):
    (places / "home").mkdir()
    (places / "home" / "models").symlink_to(prepared_dir.parent)
    return make_tiny_run(places / "runs" / "tiny", prepared_dir)


@pytest.fixture
def ask(tiny_run, told, monkeypatch):
    """Let a stand-in answer through a real worker process."""
    monkeypatch.setenv("LAB_KEY", "sk-very-secret")

    def ask(stand_in, **options):
        chosen = {"endpoint": stand_in.url, "endpoint_model": "lab/rival-4.1", "endpoint_key_env": "LAB_KEY"}
        within = Surroundings(target=LocalTarget(), tell=options.pop("tell", told.append))
        return predict(tiny_run.path, within=within, **{**chosen, **options})

    return ask


def test_an_endpoint_becomes_a_model_of_scores_comparisons_and_report(ask, tiny_run, told):
    with stand_in_endpoint() as stand_in:
        evaluation = ask(stand_in, price_in=1.0, price_out=2.0).evaluation
    result = evaluation.get_result("lab-rival-4-1")
    assert (result.title, result.kind) == ("lab/rival-4.1", "external")
    right = [row.reference == "acid" for row in tiny_run.read_rows("test")]
    assert result.primary.value == sum(right) / len(right)
    assert "lab/rival-4.1" in tiny_run.report_path.read_text()
    assert "0 of 12 rows are answered; 12 will be asked" in told[1]
    assert told[0].startswith("Endpoints give no label probabilities")
    assert told[-1].startswith("lab-rival-4-1 answered 12 of 12 rows, 0.000168 USD")
    found = [path for path in tiny_run.path.parent.parent.rglob("*") if path.is_file()]
    assert not [path for path in found if b"sk-very" in path.read_bytes()]


def test_what_is_answered_is_not_asked_again_and_another_name_comes_from_the_cache(ask, tiny_run):
    with stand_in_endpoint() as stand_in:
        ask(stand_in)
        ask(stand_in)
        ask(stand_in, name="Again!")
    assert len(stand_in.asked) == 12
    assert tiny_run.find_source("again", "test").num_cached == 12


def test_rows_that_ended_in_an_error_are_asked_again(ask, tiny_run):
    with stand_in_endpoint() as stand_in:
        stand_in.answer = lambda _: Reply(400, "no") if len(stand_in.asked) == 3 else completion("acid")
        ask(stand_in)
        assert [one.status for one in tiny_run.read_predictions("lab-rival-4-1", "test")].count("error") == 1
        ask(stand_in)
    assert len(stand_in.asked) == 13
    assert {one.status for one in tiny_run.read_predictions("lab-rival-4-1", "test")} == {"ok"}


def test_errors_and_refusals_count_as_wrong(ask, tiny_run):
    with stand_in_endpoint() as stand_in:
        stand_in.answer = lambda _: (
            completion(None, refusal="I cannot.") if len(stand_in.asked) > 4 else Reply(400)
        )
        result = ask(stand_in, num_at_once=1).evaluation.get_result("lab-rival-4-1")
    assert (result.primary.value, result.num_unparsed) == (0.0, 12)
    statuses = {score.status for score in tiny_run.read_scores("lab-rival-4-1", "test")}
    assert statuses == {"error", "refused"}


def test_a_refused_key_is_told_with_its_variable(ask):
    with stand_in_endpoint(lambda _: Reply(401)) as stand_in, pytest.raises(RunError, match="LAB_KEY"):
        ask(stand_in)


def test_ctrl_c_keeps_the_answers_under_way_and_the_same_command_goes_on(ask, told):
    seen = []

    def interrupt(news):
        seen.append(news)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with stand_in_endpoint() as stand_in:
        with pytest.raises(Interrupted, match="they are kept"):
            stand_in.answer = lambda _: _slowly()
            ask(stand_in, tell=interrupt, num_at_once=2)
        first = len(stand_in.asked)
        assert first < 12
        ask(stand_in)
    assert len(stand_in.asked) == 12


def _slowly():
    import threading

    threading.Event().wait(0.05)
    return completion("acid")


def test_a_name_that_other_answers_have_is_refused(ask, tiny_run):
    with stand_in_endpoint() as stand_in:
        ask(stand_in)
        with pytest.raises(InputError, match="not those of other"):
            ask(stand_in, endpoint_model="other", name="lab/rival-4.1")


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"url": "api.example.org/v1"}, "--endpoint"),
        ({"url": "https://me:sk-1@api.example.org/v1"}, "--endpoint"),
        ({"url": "https://api.example.org/v1?key=1"}, "--endpoint"),
        ({"name": "tuned"}, "--as"),
        ({"price_in": -1.0}, "--price-in"),
        ({"price_out": float("nan")}, "--price-out"),
        ({"max_cost_usd": 1.0}, "--max-cost-usd"),
        ({"num_at_once": 0}, "--num-at-once"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_option(change, location):
    with pytest.raises(InputError) as caught:
        require_possible(replace(JOB, **change))
    assert (caught.value.code, caught.value.location) == ("endpoint_invalid", location)
    assert "sk-1" not in str(caught.value)


def test_a_possible_job_is_let_pass():
    require_possible(replace(JOB, price_in=0.0, price_out=1.0, max_cost_usd=5.0))


@pytest.mark.parametrize(
    "options", [{"endpoint": "http://localhost"}, {"endpoint_model": "m", "models": ["base"]}]
)
def test_half_a_job_is_refused(tiny_run, options):
    with pytest.raises(InputError, match="Found --"):
        predict(tiny_run.path, within=Surroundings(), **options)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-4.1", "openai-gpt-4-1"),
        ("../x", "x"),
        ("ü", "endpoint"),
        ("a" * 99, "a" * 60),
        ("A_b", "a_b"),
    ],
)
def test_a_model_s_name_becomes_one_for_files(model, name):
    assert name_of(model) == name


@pytest.mark.parametrize(
    ("url", "is_clear"),
    [("http://10.0.0.2/v1", True), ("http://lab/v1", True), ("https://lab/v1", False),
     ("http://[::1]:1/v1", False),
     ("http://localhost:8000/v1", False), ("http://127.0.0.1/v1", False),
     ("http://localhost.evil.org/v1", True)],
)  # fmt: skip
def test_clear_text_to_another_machine_is_noticed(url, is_clear):
    assert is_clear_text(url) is is_clear


def test_errors_are_told_at_the_end():
    news = EndpointNews(kind="done", num_done=12, num_total=12, num_cached=2, num_errors=1)
    assert tell_of(news, JOB) == (
        "rival answered 12 of 12 rows, 2 of them from the cache; 1 got none and count as wrong."
    )
