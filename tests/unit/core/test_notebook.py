from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.notebook import MAX_ROWS, ShownInNotebook, as_html
from aliquot.core.records import decode, encode
from aliquot.core.result import EvaluationReport
from aliquot.evaluation.evaluate import evaluate_run
from tests.fixtures.run_dirs import make_run_dir


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Shelf(ShownInNotebook):
    title: str
    items: tuple[Item, ...] = ()
    best: Item | None = None


def test_plain_fields_and_lists_of_records_become_tables():
    html = Shelf("Top", (Item("a", 0.123456), Item("b")))._repr_html_()
    assert html.count("<table>") == 2
    assert "<th>size</th>" in html and "0.1235" in html


def test_columns_without_any_value_are_left_out():
    assert "<th>size</th>" not in as_html(Shelf("Top", (Item("a"),)))


def test_a_nested_record_is_shown_under_its_name():
    assert "<h4>best</h4>" in as_html(Shelf("Top", best=Item("a")))


@given(st.text(alphabet="<>&\"'/ script", min_size=1))
def test_no_text_of_the_data_becomes_markup(text):
    html = as_html(Shelf(text, (Item(text),)))
    assert html.count("<") == as_html(Shelf("a", (Item("a"),))).count("<")


def test_a_long_list_is_cut_and_says_so():
    html = as_html(Shelf("Top", tuple(Item(str(n)) for n in range(MAX_ROWS + 5))))
    assert "and 5 more" in html


def test_an_evaluation_shows_models_with_their_values_and_reads_back(tmp_path):
    report = evaluate_run(make_run_dir(tmp_path))
    html = report._repr_html_()
    assert "tuned" in html and "accuracy 0.9" in html
    assert decode(encode(report), EvaluationReport, "memory") == report


def test_a_nested_record_that_holds_nothing_is_left_out():
    assert "<h4>" not in as_html(Shelf("Top", best=Item("")))
