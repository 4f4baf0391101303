from dataclasses import replace

from aliquot.core.dataset import Lengths, TokenProfile
from aliquot.export.data_card import build_data_card
from aliquot.export.page.check import render_check
from aliquot.export.percentiles import list_percentiles
from tests.fixtures.reports import make_report

LENGTHS = Lengths(p5=1, p25=2, p50=3, p75=4, p95=5, p99=6, longest=1007)


TOKENS = TokenProfile(
    num_tokens=93,
    num_trained_tokens=9,
    longest_line=1,
    shared_prefix=2,
    prefix_tree_tokens={1: 93, 8: 62},
    distinct_tokens=30,
    rows=LENGTHS,
    prompts=LENGTHS,
    answers=LENGTHS,
)


def _report():
    return make_report(splits=tuple(replace(one, tokens=TOKENS) for one in make_report().splits))


def test_prompts_and_answers_are_told_of_train_and_whole_rows_of_every_split():
    rows = list(list_percentiles(_report()))
    assert [row[0] for row in rows] == ["train rows", "train prompts", "train answers", "test rows"]
    assert rows[0][1:] == ("1", "2", "3", "4", "5", "6", "1,007")


def test_what_was_not_measured_is_not_shown():
    assert list(list_percentiles(make_report())) == []
    assert "Percentiles" not in render_check(make_report())


def test_card_and_page_show_the_same_table():
    report = _report()
    assert "| train rows | 1 | 2 | 3 | 4 | 5 | 6 | 1,007 |" in build_data_card(report)
    assert '<th scope="row">train rows</th><td class="n">1</td>' in render_check(report)


def test_what_rows_share_is_told_once_it_was_measured():
    report = _report()
    assert "1.5× in batches of 8 (3.1× over the whole split)" in build_data_card(report)
    assert "All rows begin with the same 2 tokens" in render_check(report)
