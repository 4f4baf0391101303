import re
from dataclasses import replace
from html import unescape

import pytest

from aliquot.core.token_view import Token, TokenSequence, TokenView, shorten
from aliquot.export.page.render import render_page
from aliquot.export.page.tokens import describe_tokens, render_token_page
from tests.fixtures.run_dirs import make_run_dir

PROMPT = Token(id=7, text="<b>low</b>\n", is_trained=False, role="user")
ANSWER = Token(id=9, text=" high", is_trained=True, role="assistant")
END = Token(id=2, text="<|im_end|>", is_trained=True, is_control=True)


def view(*sequences, **changes):
    made = tuple(
        TokenSequence(
            tokens=tokens, num_tokens=len(tokens), num_trained_tokens=sum(t.is_trained for t in tokens)
        )
        for tokens in sequences
    )
    return replace(
        TokenView(
            example_id="a.0", line=4, split="train", base="tiny", sequences=made, num_sequences=len(made)
        ),
        **changes,
    )


@pytest.fixture
def page():
    return render_token_page([view((PROMPT, ANSWER, END))], file="/home/somebody/rows.jsonl")


def test_each_token_is_marked_and_tells_its_number_and_role(page):
    assert '<i title="7, user">&lt;b&gt;low&lt;/b&gt;↵</i><br>' in page
    assert '<i class="trained" title="9, assistant">·high</i>' in page
    assert '<i class="control trained" title="2">&lt;|im_end|&gt;</i>' in page
    assert "3 tokens, 2 trained (67\u00a0%)" in page


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(page):
    assert page.startswith("<!doctype html>")
    assert "script-src 'none'" in unescape(page)
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert not re.search(r"\s(src|href|style|on\w+)=", page)


def test_only_the_name_of_the_file_is_told(page):
    assert "rows.jsonl" in page and "somebody" not in page


def test_several_sequences_are_titled_and_those_missing_are_said():
    described = describe_tokens(view((PROMPT, ANSWER), (PROMPT, END), num_sequences=5))
    assert [sequence.title for sequence in described.sequences] == [
        "Sequence 1 of 5: 2 tokens, 1 trained (50 %)",
        "Sequence 2 of 5: 2 tokens, 1 trained (50 %)",
    ]
    assert described.note == "3 further sequences of this row not shown."


def test_what_was_left_out_of_a_long_row_is_said_where_it_is_missing():
    long = shorten(view((PROMPT,) * 98 + (ANSWER, END)), max_tokens=10, max_sequences=1)
    (sequence,) = describe_tokens(long).sequences
    assert (len(sequence.head), len(sequence.tail)) == (4, 6)
    assert sequence.gap == "… 90 tokens not shown here …"
    assert "… 90 tokens not shown here …" in render_token_page([long], file="rows.jsonl")


def test_the_report_shows_the_row_that_the_run_kept(tmp_path):
    run_dir = make_run_dir(tmp_path)
    assert "What the model sees" in render_page(run_dir)
    run_dir.token_view_path.unlink()
    assert "What the model sees" not in render_page(run_dir), "a run of before has none"
