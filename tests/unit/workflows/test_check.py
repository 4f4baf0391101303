import pytest

from aliquot.errors import InputError
from aliquot.workflows.check import check, require_usable
from aliquot.workflows.prepare import prepare
from aliquot.workflows.surroundings import Surroundings


def test_without_a_prepared_base_no_lengths_are_told_and_nothing_is_fetched(data, places):
    report = check(data)
    assert report.num_examples == 60
    assert report.get_split("train").tokens is None
    assert not (places / "home").exists()


def test_the_only_prepared_base_is_taken(data, surround):
    prepare("smollm2-135m-instruct", surround())
    report = check(data)
    assert report.base == "smollm2-135m-instruct"
    assert report.get_split("train").tokens.longest > 10


def test_a_base_that_is_not_prepared_is_not_fetched(data):
    assert check(data, base="qwen3-0.6b").base == ""


def test_settings_are_obeyed_by_short_name(data):
    assert check(data, test_fraction=0.5).get_split("test").num_examples == 30


def test_a_misspelt_setting_is_refused_with_the_right_name(data):
    with pytest.raises(InputError) as caught:
        check(data, test_fracton=0.5)
    assert "data.test_fraction" in caught.value.hint


def test_the_error_names_the_first_line_that_is_wrong(tmp_path):
    path = tmp_path / "rows.jsonl"
    good = '{"messages": [{"role": "user", "content": "%d"}, {"role": "assistant", "content": "a"}]}'
    path.write_text("\n".join([good % 1, '{"messages": []}', good % 3]) + "\n")
    with pytest.raises(InputError) as caught:
        require_usable(check(path))
    assert caught.value.location.startswith(f"{path}:2")


def test_a_file_without_errors_is_usable(data):
    require_usable(check(data))


def test_a_page_and_cards_are_written_when_asked_for(data, tmp_path):
    check(data, html=tmp_path / "check.html", card=tmp_path / "card")
    assert (tmp_path / "check.html").is_file()
    assert len(list((tmp_path / "card").iterdir())) == 2


def test_what_the_user_says_about_the_data_stands_in_the_report(data):
    about = check(data, licence="CC-BY-4.0", creators=["Ada Lovelace"]).about
    assert (about.licence, about.creators, about.citation) == ("CC-BY-4.0", ("Ada Lovelace",), "")


def test_what_takes_a_while_is_told(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"prompt": "a", "completion": "b"}\n{"prompt": "c", "completion": "d"}\n', encoding="utf-8"
    )
    told = []
    check(path, within=Surroundings(tell=told.append))
    assert told == []
    monkeypatch.setattr("aliquot.workflows.check.LARGE_BYTES", 10)
    check(path, within=Surroundings(tell=told.append))
    assert [news.what.split(",")[0] for news in told] == ["Reading and checking rows.jsonl"]
