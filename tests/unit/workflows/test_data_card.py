import json
from datetime import UTC, datetime

import pytest

from aliquot.errors import InputError, MachineError
from aliquot.workflows.check import check
from aliquot.workflows.data_card import save_check_page, save_data_card

NOW = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
def report(data):
    return check(data, licence="CC-BY-4.0", creators=["Ada Lovelace"])


def test_two_files_are_written_and_they_say_what_the_user_said(report, tmp_path):
    paths = save_data_card(report, tmp_path / "card", now=NOW)
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == ["croissant.json", "data_card.md"]
    tree = json.loads(paths[0].read_text())
    assert tree["license"] == "CC-BY-4.0"
    assert tree["creator"][0]["name"] == "Ada Lovelace"
    assert tree["sdDatePublished"] == "2026-11-05T09:30:00Z"
    assert "- Made by: Ada Lovelace" in paths[1].read_text()


def test_cards_are_never_overwritten_for_somebody_may_have_edited_them(report, tmp_path):
    (tmp_path / "data_card.md").write_text("mine")
    with pytest.raises(InputError) as refusal:
        save_data_card(report, tmp_path)
    assert refusal.value.code == "file_exists"
    assert (tmp_path / "data_card.md").read_text() == "mine"
    assert not (tmp_path / "croissant.json").exists()


def test_a_page_of_a_check_is_renewed(report, tmp_path):
    path = save_check_page(report, tmp_path / "check.html")
    assert save_check_page(report, path).read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("make", [lambda path: path.write_text("{}"), lambda path: path.mkdir()])
def test_anything_else_of_that_name_is_left_alone(report, tmp_path, make):
    path = tmp_path / "rows.jsonl"
    make(path)
    with pytest.raises(InputError, match="not touched"):
        save_check_page(report, path)


def test_a_folder_that_cannot_be_written_to_is_named(report, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError):
        save_data_card(report, tmp_path / "file" / "card")
