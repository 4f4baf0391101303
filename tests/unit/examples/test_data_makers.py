"""The example data: read right, balanced as the source, nothing in two splits by our doing. No network."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from aliquot.errors import InputError, MachineError

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(autouse=True)
def _examples_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


def _snippets(num: int):
    import film_reviews

    return [
        film_reviews.Snippet(number, (-1) ** number * (1.0 + number % 3), f"text {number}")
        for number in range(num)
    ]


def test_snippets_are_read_from_tab_separated_lines():
    import film_reviews

    (snippet,) = film_reviews.read_snippets("3\t-1.6\tEffective but too tepid biopic\r\n")
    assert (snippet.number, snippet.rating, snippet.text) == (3, -1.6, "Effective but too tepid biopic")
    assert snippet.label == "negative"


def test_snippets_without_a_clear_rating_are_left_out():
    import film_reviews

    kept = film_reviews.Snippet(1, -1.0, "a"), film_reviews.Snippet(2, 1.0, "b")
    unclear = film_reviews.Snippet(3, 0.99, "c")
    assert set(film_reviews.choose([*kept, unclear], 10)) == set(kept)


def test_a_text_that_stands_twice_in_the_source_is_taken_once():
    import film_reviews

    twice = [film_reviews.Snippet(1, 2.0, "same"), film_reviews.Snippet(2, 1.5, "same")]
    assert film_reviews.choose(twice, 10) == twice[:1]


def test_train_and_test_have_the_promised_sizes_and_no_snippet_in_common():
    import film_reviews

    rows = film_reviews.make_rows(_snippets(2500))
    numbers = {
        split: {row["metadata"]["snippet"] for row in rows if row["split"] == split}
        for split in ("train", "test")
    }
    assert (len(numbers["train"]), len(numbers["test"])) == (1600, 400)
    assert not numbers["train"] & numbers["test"]


def test_the_choice_does_not_depend_on_the_order_of_the_source():
    import film_reviews

    snippets = _snippets(2500)
    assert film_reviews.make_rows(snippets) == film_reviews.make_rows(reversed(snippets))


SDF = """name of molecule
  3  2  0
M  END
>  <NAME>  (1)
{name}

>  <SOL>  (1)
-3.18

> <SOL_classification>
(A) low

> <{smiles}>
CCCCC

$$$$
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_solubility_records_are_read_in_both_dialects_of_the_source(line_end):
    import solubility

    text = (
        SDF.format(name="n-pentane", smiles="SMILES") + SDF.format(name="again", smiles="smiles")
    ).replace("\n", line_end)
    first, second = solubility.read_records(text)
    assert first == {"name": "n-pentane", "sol": "-3.18", "sol_classification": "(A) low", "smiles": "CCCCC"}
    assert second["name"] == "again"


def test_a_solubility_row_asks_for_the_class_of_a_smiles():
    import solubility

    record = {"name": "n-pentane", "sol": "-3.18", "sol_classification": "(A) low", "smiles": "CCCCC"}
    row = solubility.as_row(record, "test")
    assert [message["content"] for message in row["messages"][1:]] == ["CCCCC", "low"]
    assert (row["split"], row["metadata"]["log_solubility"]) == ("test", -3.18)


def test_an_archive_in_the_cache_is_used_without_a_download(monkeypatch, tmp_path):
    import data_maker

    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path))
    path = tmp_path / "packages" / "thing-1.0.tar.gz"
    path.parent.mkdir()
    path.write_bytes(b"content")
    found = data_maker.fetch_archive("thing==1.0", path.name, hashlib.sha256(b"content").hexdigest())
    assert found == path


def test_an_archive_with_other_bytes_is_refused(monkeypatch, tmp_path):
    import data_maker

    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path))
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "thing-1.0.tar.gz").write_bytes(b"other")
    with pytest.raises(InputError, match="expected abc") as caught:
        data_maker.fetch_archive("thing==1.0", "thing-1.0.tar.gz", "abc")
    assert caught.value.code == "data_hash_mismatch"


def test_without_a_network_the_message_says_what_to_do_and_nothing_is_left(monkeypatch, tmp_path):
    import data_maker

    monkeypatch.setenv("ALIQUOT_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(MachineError, match=r"thing-does-not-exist==1\.0 could not be downloaded") as caught:
        data_maker.fetch_archive("thing-does-not-exist==1.0", "thing-1.0.tar.gz", "abc")
    assert "Check the network" in caught.value.hint
    assert list((tmp_path / "packages").iterdir()) == []


def test_a_data_maker_prints_counts_and_hash_of_what_it_wrote(monkeypatch, tmp_path, capsys):
    import data_maker

    path = tmp_path / "rows.jsonl"
    monkeypatch.setattr(sys, "argv", ["maker", "--out", str(path)])
    rows = [{"split": "train"}, {"split": "test"}]
    assert data_maker.run(lambda: rows, description="", filename="unused") == 0
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert capsys.readouterr().out == f"{path}: 1 train and 1 test rows, sha256 {digest}\n"


def test_a_data_maker_that_fails_says_why_and_exits_with_the_errors_code(monkeypatch, tmp_path, capsys):
    import data_maker

    def fail():
        raise MachineError("No network.", code="package_unreachable", hint="Connect.")

    monkeypatch.setattr(sys, "argv", ["maker", "--out", str(tmp_path / "rows.jsonl")])
    assert data_maker.run(fail, description="", filename="unused") == 3
    assert capsys.readouterr().err == "No network. Connect.\n"
    assert not (tmp_path / "rows.jsonl").exists()
