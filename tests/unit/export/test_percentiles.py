from dataclasses import replace
from types import SimpleNamespace

from aliquot.export.data_card import build_data_card
from aliquot.export.page.check import render_check
from aliquot.export.percentiles import list_percentiles
from tests.fixtures.reports import make_report

LENGTHS = SimpleNamespace(p5=1, p25=2, p50=3, p75=4, p95=5, p99=6, longest=1007)


def _tokens(**parts):
    plain = {"median": 3, "p95": 5, "longest": 1007, "num_tokens": 99, "num_trained_tokens": 9}
    return SimpleNamespace(**plain, **parts)


def _report(**parts):
    return make_report(splits=tuple(replace(one, tokens=_tokens(**parts)) for one in make_report().splits))


def test_prompts_and_answers_are_told_of_train_and_whole_rows_of_every_split():
    rows = list(list_percentiles(_report(rows=LENGTHS, prompts=LENGTHS, answers=LENGTHS)))
    assert [row[0] for row in rows] == ["train rows", "train prompts", "train answers", "test rows"]
    assert rows[0][1:] == ("1", "2", "3", "4", "5", "6", "1,007")


def test_what_was_not_measured_is_not_shown():
    assert list(list_percentiles(_report())) == list(list_percentiles(make_report())) == []
    assert "Percentiles" not in render_check(_report(rows=None))


def test_card_and_page_show_the_same_table():
    report = _report(rows=LENGTHS)
    assert "| train rows | 1 | 2 | 3 | 4 | 5 | 6 | 1,007 |" in build_data_card(report)
    assert '<th scope="row">train rows</th><td class="n">1</td>' in render_check(report)
