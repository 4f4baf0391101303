import json

import pytest

from aliquot.core.token_view import TokenView
from aliquot.errors import InputError, ModelError
from aliquot.workflows.prepare import prepare
from aliquot.workflows.show_data import show_data

BASE = "smollm2-135m-instruct"


@pytest.fixture
def ready(surround):
    return prepare(BASE, surround())


def test_the_first_rows_are_shown_in_file_order(data, ready):
    views = show_data(data, num_rows=3)
    assert [view.line for view in views] == [1, 2, 3]
    assert {view.base for view in views} == {BASE}
    assert all(view.num_trained_tokens > 0 for view in views)


def test_a_row_is_found_by_its_line_and_by_the_beginning_of_its_name(data, ready):
    (by_line,) = show_data(data, line=7)
    assert by_line.line == 7
    assert show_data(data, example_id=by_line.example_id[:12]) == (by_line,)


def test_the_split_is_that_of_a_run(data, ready):
    shown = {view.line: view.split for view in show_data(data, num_rows=60)}
    assert set(shown.values()) == {"train", "validation", "test"}


def test_a_row_that_is_not_there_is_refused_with_the_number_of_rows(data, ready):
    with pytest.raises(InputError, match="Found no usable row in line 61 among 60 examples") as caught:
        show_data(data, line=61)
    assert caught.value.location.endswith(":61")
    with pytest.raises(InputError, match="row called zz"):
        show_data(data, example_id="zz")


def test_the_beginning_of_several_names_is_refused_with_them(data, ready):
    with pytest.raises(InputError, match="60 rows have a name that begins with ''"):
        show_data(data, example_id="")


def test_a_row_that_stands_in_two_splits_is_shown_for_each(tmp_path, ready):
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    path = tmp_path / "rows.jsonl"
    rows = [{"messages": messages, "split": split} for split in ("train", "test")]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    (first, *_) = show_data(path)
    assert [view.split for view in show_data(path, example_id=first.example_id)] == ["train", "test"]


def test_a_row_with_an_error_is_refused_with_the_reason(tmp_path, ready):
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [good, {"messages": []}, good])) + "\n")
    with pytest.raises(InputError, match="an empty list"):
        show_data(path, line=2)


def test_nothing_is_fetched(data):
    with pytest.raises(ModelError) as caught:
        show_data(data, base="qwen3-0.6b")
    assert caught.value.hint == "Run `aliquot models fetch qwen3-0.6b`."
    with pytest.raises(ModelError) as caught:
        show_data(data)
    assert "--base" in caught.value.hint


def test_a_page_is_written_when_asked(data, ready, tmp_path):
    views = show_data(data, html=tmp_path / "row.html")
    assert isinstance(views[0], TokenView)
    assert views[0].example_id in (tmp_path / "row.html").read_text()
