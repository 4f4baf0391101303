import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from aliquot.core.dataset import RowField
from aliquot.export.page.check import describe_check, render_check
from tests.fixtures.reports import make_finding, make_report

CANARY = "<img src=x onerror=alert(1)></script> {{ 7*7 }} & \"'"


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def _canaries():
    report = make_report()
    splits = tuple(replace(one, label_counts={CANARY: one.num_examples}) for one in report.splits)
    finding = make_finding("error", CANARY, remedy=CANARY, field=CANARY)
    fields = (RowField(name=CANARY, kind="text", num_rows=1, is_metadata=True),)
    return make_report(
        file=f"{CANARY}.jsonl", splits=splits, findings=(finding,), fields=fields, split_rule=CANARY
    )


def test_the_verdict_is_the_first_thing_under_the_title():
    page = _Page(render_check(make_report(findings=(make_finding("error"), make_finding("warning")))))
    assert "rows.jsonl Not yet 1 error, 1 warning Rows 12 rows" in page.text


def test_the_page_asks_the_network_for_nothing_and_runs_nothing():
    page = _Page(render_check(make_report()))
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in page.tags)
    assert all("src" not in given and "style" not in given for _, given in page.tags)


def test_the_policy_allows_the_one_style_sheet_and_nothing_else():
    text = render_check(make_report())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(given["content"] for tag, given in _Page(text).tags if "http-equiv" in given)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; script-src 'none'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_nothing_from_the_data_becomes_markup():
    page = _Page(render_check(_canaries()))
    assert {"img", "script"}.isdisjoint(tag for tag, _ in page.tags)
    assert page.text.count("<img src=x onerror=alert(1)></script> {{ 7*7 }}") >= 6


def test_errors_and_warnings_stand_before_the_details_and_notes_after():
    findings = tuple(make_finding(severity, f"A {severity}.") for severity in ("error", "warning", "note"))
    text = _Page(render_check(make_report(findings=findings))).text
    places = [text.index(words) for words in ("A error.", "A warning.", "The data", "A note.")]
    assert places == sorted(places)


def test_bars_are_relative_to_the_largest_label():
    splits = (replace(make_report().splits[0], label_counts={"a": 3, "b": 6}, num_examples=9),)
    bars = describe_check(make_report(splits=splits)).labels
    assert [(bar.label, bar.width, bar.share) for bar in bars] == [
        ("b", "100.00%", "66.7 %"),
        ("a", "50.00%", "33.3 %"),
    ]


def test_answers_that_are_no_labels_are_named_in_words():
    task = replace(make_report().task, labels=(), task_type="json")
    tile = next(fact for fact in describe_check(make_report(task=task)).tiles if fact.label == "Answers")
    assert (tile.value, tile.more) == ("JSON records", "")


def test_a_report_of_nothing_usable_still_makes_a_page():
    bare = make_report(splits=(), num_examples=0, detectable=None, fields=())
    page = describe_check(replace(bare, task=replace(bare.task, labels=(), task_type="text")))
    assert [fact.label for fact in page.tiles] == ["Rows"]
    assert render_check(bare)
