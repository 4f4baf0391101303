import random

from aliquot.data import near_duplicates, near_overlap
from tests.unit.data.rows import example, table_of
from tests.unit.data.test_near_duplicates import sentence


def check_near_duplicates(texts, lines, splits):
    rows = zip(texts, lines, splits, strict=True)
    return near_overlap.check_near_duplicates(
        table_of([example(text, "a", line=line, split=split, system="s") for text, line, split in rows])
    )


def test_clusters_and_test_rows_beside_train_are_told_with_their_lines():
    rng = random.Random(1)
    texts = [sentence(rng) for _ in range(60)]
    texts += [texts[0] + " x", texts[1] + " y", texts[2] + " z"]
    splits = ["train"] * 59 + ["test", "test", "train", "test"]
    texts[59] = texts[58] + " w"
    found = {item.code: item for item in check_near_duplicates(texts, range(101, 164), splits)}
    near = found["near_duplicate"]
    assert (near.severity, near.count, near.lines) == (
        "note",
        8,
        (101, 102, 103, 159, 160, 161, 162, 163),
    )
    assert "8 of 63 prompts nearly repeat another one: they form 4 clusters, the largest of 2" in near.message
    assert "(lines 101 and 161, for example)" in near.message
    assert "bounded" not in near.message
    crossing = found["near_duplicate_in_train"]
    assert (crossing.severity, crossing.count, crossing.lines) == ("warning", 3, (160, 161, 163))
    assert "3 of 3 test rows" in crossing.message


def test_a_cluster_within_test_or_within_train_crosses_nothing():
    text = sentence(random.Random(2))
    codes = [item.code for item in check_near_duplicates([text, text + " x"], [1, 2], ["test", "test"])]
    assert codes == ["near_duplicate"]


def test_unlike_rows_say_nothing():
    rng = random.Random(3)
    assert check_near_duplicates([sentence(rng) for _ in range(30)], range(30), ["train"] * 30) == []


def test_a_bounded_search_is_said(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MIN_COMPARED", 0)
    monkeypatch.setattr(near_duplicates, "MAX_COMPARED", 1)
    texts = [text for text in (sentence(random.Random(i)) for i in range(5)) for text in (text, text + " x")]
    found = check_near_duplicates(texts, range(10), ["train"] * 10)
    assert "The search was bounded: 8 prompts may have further ones." in found[0].message


def test_many_rows_are_searched_only_when_asked_and_that_is_said(monkeypatch):
    monkeypatch.setattr(near_overlap, "MAX_ROWS", 1)
    text = sentence(random.Random(2))
    table = table_of([example(text, "a", split="train"), example(text + " x", "a", split="train")])
    (note,) = near_overlap.check_near_duplicates(table)
    assert (note.code, note.severity) == ("near_duplicates_not_searched", "note")
    (found,) = near_overlap.check_near_duplicates(table, is_wanted=True)
    assert found.code == "near_duplicate"
    assert near_overlap.check_near_duplicates(table, is_wanted=False) == []
