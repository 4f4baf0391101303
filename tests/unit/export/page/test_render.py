import base64
import hashlib
import json
import re
import shutil
import time
from html.parser import HTMLParser

import pytest

from aliquot.core.records import encode_lines
from aliquot.core.run import Event
from aliquot.export.page.render import render_page
from aliquot.export.write import write_artefacts
from tests.fixtures.scored_runs import make_scored_run, replace_first_test_row

STATES = [
    ("labels", "planned"),
    ("labels", "running"),
    ("labels", "finished"),
    ("number", "finished"),
    ("text", "finished"),
]
VOID = {"meta", "link", "wbr", "input", "br", "img", "hr", "line", "circle", "rect", "polyline", "polygon"}
CANARY = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script>\" onload='alert(3)' {{ 7*7 }} & `a`<b>"
)


class _Page(HTMLParser):
    """Collects tags with attributes, and checks that tags close in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.text, self.faults = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.text.append(data)

    def find(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def _block(text, pattern):
    return re.search(pattern, text, re.DOTALL)[1]


def _answers(text):
    return json.loads(_block(text, r'<script type="application/json" id="answers-data">(.*?)</script>'))


@pytest.mark.parametrize(("task", "state"), STATES)
def test_the_page_is_whole_and_asks_the_network_for_nothing(task, state, scored_run):
    page = _Page(render_page(scored_run(task, state)))
    assert (page.faults, page.open) == ([], [])
    assert not page.find("link")
    assert not page.find("img")
    assert not page.find("iframe")
    assert all("src" not in attributes for _, attributes in page.tags)
    assert all(not link["href"].startswith(("http", "//", "file")) for link in page.find("a"))


@pytest.mark.parametrize(("task", "state"), STATES)
def test_the_policy_allows_exactly_the_style_and_the_script_inside(task, state, scored_run):
    text = render_page(scored_run(task, state))
    policy = next(meta["content"] for meta in _Page(text).find("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind, pattern in (("style", r"<style>(.*?)</style>"), ("script", r"<script>(.*?)</script>")):
        digest = base64.b64encode(hashlib.sha256(_block(text, pattern).encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert all(
        "style" not in attributes and not any(name.startswith("on") for name in attributes)
        for _, attributes in _Page(text).tags
    )


@pytest.mark.parametrize("task", ["labels", "number", "text", "set", "json"])
def test_nothing_from_data_or_models_becomes_markup(task, tmp_path):
    run_dir = make_scored_run(tmp_path, task_type=task)
    plain = _Page(render_page(run_dir))
    replace_first_test_row(run_dir, CANARY)
    text = render_page(run_dir)
    page = _Page(text)
    assert len(page.find("script")) == len(plain.find("script"))
    assert not page.find("img")
    assert not page.find("b")
    assert page.faults == []
    assert CANARY in [row[2] for row in _answers(text)["rows"]]
    assert CANARY in "".join(page.text)


def test_the_page_renews_itself_until_the_run_is_settled(scored_run):
    for state, seconds in (("planned", "4"), ("running", "4"), ("finished", None)):
        text = render_page(scored_run(state=state))
        refresh = [
            meta["content"] for meta in _Page(text).find("meta") if meta.get("http-equiv") == "refresh"
        ]
        assert refresh == ([seconds] if seconds else [])
        assert ("data-refresh-s" in text.split("<body")[1].split(">")[0]) == bool(seconds)


def test_a_stopped_run_is_looked_at_less_often(tmp_path):
    run_dir = make_scored_run(tmp_path, state="running")
    stop = Event(
        sequence=99, at="2026-11-05T10:00:00Z", kind="state", data={"state": "stopped", "message": "Stopped."}
    )
    with run_dir.events_path.open("ab") as file:
        file.write(encode_lines([stop]))
    text = render_page(run_dir)
    assert 'content="30"' in text
    assert "Stopped, can be resumed" in text


def test_a_finished_run_that_is_not_scored_yet_is_not_frozen(tmp_path):
    run_dir = make_scored_run(tmp_path)
    shutil.rmtree(run_dir.path / "scores")
    text = render_page(run_dir)
    assert "Trained, being scored" in text
    assert 'http-equiv="refresh"' in text


def test_of_a_plan_the_page_shows_data_settings_and_methods(scored_run):
    text = render_page(scored_run(state="planned"))
    for words in (
        "Nothing has been trained yet",
        "Scores appear here",
        "40 test rows can show",
        "learning_rate",
        "LoRA Without Regret",
        "We fine-tuned",
    ):
        assert words in text
    assert 'id="answers-data"' not in text
    assert 'id="errors"' not in text


def test_the_headline_and_every_model_stand_on_the_page(scored_run):
    run_dir = scored_run()
    page = " ".join("".join(_Page(render_page(run_dir)).text).replace("\u00a0", " ").split())
    report = run_dir.find_report()
    assert report.headline in page
    for result in report.results:
        assert f"{result.primary.value:.2f}" in page
    for comparison in report.comparisons:
        assert comparison.sentence in page


def test_every_answer_of_every_model_is_in_the_page(scored_run):
    run_dir = scored_run()
    data = _answers(render_page(run_dir))
    assert [model["name"] for model in data["models"]][:2] == ["tuned", "base"]
    assert len(data["rows"]) == 40
    tuned = {score.example_id: score for score in run_dir.read_scores("tuned", "test")}
    for _, example_id, _, reference, in_train, answers in data["rows"]:
        score = tuned[example_id]
        assert answers[0][:2] == [score.output, int(score.normalised)]
        assert (reference, bool(in_train)) == (score.reference, score.in_train)


def test_unreadable_answers_and_errors_of_numbers_are_told_apart(scored_run):
    run_dir = scored_run("number")
    data = _answers(render_page(run_dir))
    place = [model["name"] for model in data["models"]].index("base")
    answers = [row[5][place] for row in data["rows"]]
    assert {answer[1] for answer in answers} == {-1, 0, 1}
    assert all((answer[2] is None) == (answer[1] == -1) for answer in answers)


def test_what_every_prompt_begins_with_is_said_once(scored_run):
    data = _answers(render_page(scored_run()))
    assert data["start"] == "system: Say whether the review is positive or negative."
    assert not any("Say whether" in row[2] for row in data["rows"])


def test_only_files_that_exist_are_linked(tmp_path):
    run_dir = make_scored_run(tmp_path)
    write_artefacts(run_dir)
    links = [link["href"] for link in _Page(run_dir.report_path.read_text()).find("a")]
    files = [link for link in links if not link.startswith("#")]
    assert {"predictions/tuned.test.jsonl", "scores/base.test.jsonl", "items.csv", "reproduce.py"} <= set(
        files
    )
    assert [name for name in files if not (run_dir.path / name).is_file()] == []


def test_inner_links_lead_somewhere(scored_run):
    page = _Page(render_page(scored_run()))
    names = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {link["href"][1:] for link in page.find("a") if link["href"].startswith("#")} <= names


def test_a_page_is_rendered_in_a_blink(scored_run):
    render_page(scored_run())
    start = time.process_time()
    render_page(scored_run())
    assert time.process_time() - start < 0.15
