"""Ways to hold out a test: folds, a group, time, scaffolds; and settings that contradict one another."""

import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Task
from aliquot.data.split import split_table
from aliquot.errors import InputError
from tests.unit.data.rows import example, list_rows, table_of

TEXT = Task(task_type="text", reason="they are texts")
LABELS = Task(task_type="labels", labels=("a", "b"))


def split(examples, task=TEXT, **settings):
    return split_table(table_of(examples), DataSettings(**settings), task)


def lines(result, name="test"):
    return [item.line for item in list_rows(result.table) if item.split == name]


def make(count, **metadata):
    """Rows whose metadata are given by functions of their number."""
    return [
        example(f"p{i}", "ab"[i % 2], line=i, metadata={key: value(i) for key, value in metadata.items()})
        for i in range(count)
    ]


def test_folds_part_the_rows_and_each_is_the_test_once():
    parts = [lines(split(make(53), LABELS, fold=f"{fold}/5")) for fold in range(1, 6)]
    assert sorted(line for part in parts for line in part) == list(range(53))
    assert {len(part) for part in parts} <= {10, 11}
    rule = split(make(53), LABELS, fold="2/5").rule
    assert "held out for test as fold 2 of 5, by hash with seed 0, each label in proportion" in rule


def test_another_seed_makes_other_folds():
    assert lines(split(make(50), fold="1/5")) != lines(split(make(50), fold="1/5", seed=1))


def test_a_group_is_left_out_whole_and_nothing_else():
    examples = [example(f"p{i}", "a", line=i, group="ABC"[i % 3]) for i in range(60)]
    result = split(examples, group_key="lab", held_out_group="B")
    assert lines(result) == [i for i in range(60) if i % 3 == 1]
    assert "because their lab is 'B'" in result.rule


def test_an_unknown_group_is_refused_with_a_near_name():
    examples = [example(f"p{i}", "a", line=i, group="Uppsala") for i in range(20)]
    with pytest.raises(InputError, match="No row has lab 'Upsala'") as caught:
        split(examples, group_key="lab", held_out_group="Upsala")
    assert caught.value.hint == "Did you mean 'Uppsala'?"


def test_the_latest_rows_are_the_test_and_the_latest_of_the_others_validation():
    rows = make(100, date=lambda i: f"2024-{1 + i // 30:02d}-{1 + i % 28:02d}")
    result = split(rows, split_method="time", time_key="date", test_fraction=0.1, validation_fraction=0.1)
    dates = {
        name: [item.metadata["date"] for item in list_rows(result.table) if item.split == name]
        for name in ("train", "validation", "test")
    }
    assert max(dates["train"]) < min(dates["validation"])
    assert max(dates["validation"]) < min(dates["test"])
    assert "as the latest by date" in result.rule


def test_rows_of_one_time_are_not_parted():
    result = split(
        make(30, year=lambda i: str(2000 + i // 10)), split_method="time", time_key="year", test_fraction=0.4
    )
    assert lines(result) == list(range(20, 30))
    assert "(12 were wanted; rows that belong together were not parted)" in result.rule


@pytest.mark.parametrize("bad", ["soon", "", "31.5.2024"])
def test_times_that_cannot_be_read_are_an_error_with_their_lines(bad):
    rows = make(20, date=lambda i: bad if i == 7 else f"2024-01-{1 + i:02d}")
    (finding,) = split(rows, split_method="time", time_key="date").findings
    assert (finding.code, finding.severity, finding.lines) == ("time_unreadable", "error", (7,))
    assert repr(bad) in finding.message


def test_years_among_dates_have_no_order_with_them():
    rows = make(20, date=lambda i: "2024" if i == 3 else f"2024-01-{1 + i:02d}T10:00:00Z")
    (finding,) = split(rows, split_method="time", time_key="date").findings
    assert finding.lines == (3,)


def test_molecules_of_one_scaffold_stay_together():
    rings = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "c1ccsc1", "C1CCNC1", "c1ccoc1"]
    rows = make(120, smiles=lambda i: "C" * (i // 6 + 1) + rings[i % 6])
    result = split(rows, split_method="scaffold", smiles_key="smiles", test_fraction=0.3)
    where = {}
    for item in list_rows(result.table):
        where.setdefault(item.line % 6, set()).add(item.split)
    assert all(len(splits) == 1 for splits in where.values())
    assert len(lines(result)) in (20, 36) or len(lines(result)) % 20 == 0
    assert "equal scaffolds kept together" in result.rule


def test_molecules_without_rings_share_no_scaffold():
    rows = make(30, smiles=lambda i: "C" * (i + 1))
    assert len(lines(split(rows, split_method="scaffold", smiles_key="smiles", test_fraction=0.2))) == 6


def test_smiles_that_cannot_be_read_are_told():
    rows = make(40, smiles=lambda i: "c1ccccc" if i == 5 else "C" * (i + 1))
    (finding,) = split(rows, split_method="scaffold", smiles_key="smiles").findings
    assert (finding.code, finding.severity, finding.lines) == ("smiles_unreadable", "warning", (5,))
    (finding,) = split(make(20, name=str), split_method="scaffold", smiles_key="smiles").findings
    assert finding.severity == "error"
    assert "Fields of the rows: name." in finding.remedy


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fold": "6/5"}, "data.fold is 6/5; there is no such fold"),
        ({"fold": "1/1"}, "there is no such fold"),
        ({"held_out_group": "x"}, "data.group_key is not"),
        ({"split_method": "time"}, "data.time_key is not set"),
        ({"time_key": "date"}, "data.split_method is not"),
        ({"split_method": "random", "smiles_key": "s"}, "data.smiles_key is s"),
        ({"fold": "1/5", "test_fraction": 0.1}, "both say what the test is"),
        ({"split_method": "time", "time_key": "d", "fold": "1/2"}, "cannot be in order of time"),
        ({"split_method": "stratified"}, "the answers are no labels (they are texts)"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(settings, words):
    with pytest.raises(InputError) as caught:
        split(make(20), **settings)
    assert caught.value.code == "setting_conflict"
    assert words in caught.value.message
    assert caught.value.hint


def test_a_random_split_of_labels_need_not_keep_their_shares():
    result = split(make(200), LABELS, split_method="random")
    assert "each label in proportion" not in result.rule


@pytest.mark.parametrize("settings", [{"fold": "1/5"}, {"group_key": "g", "held_out_group": "A"}])
def test_a_fold_or_group_contradicts_a_split_of_the_file(settings):
    splits = ["test"] * 9 + ["train"] * 51
    rows = [example(f"p{i}", "a", line=i, group="AB"[i % 2], split=splits[i]) for i in range(60)]
    with pytest.raises(InputError, match="the files have a split of their own") as caught:
        split(rows, **settings)
    assert caught.value.code == "setting_conflict"


def test_a_fraction_that_is_not_used_is_said():
    rows = [example(f"p{i}", "a", line=i, split="test" if i < 9 else "train") for i in range(60)]
    assert "test_fraction was not used: the split is the files' own." in split(rows, test_fraction=0.5).rule


def test_a_molecule_without_rings_stays_together_however_it_is_asked_about():
    alcohols = ["C" * length + "O" for length in range(1, 40)]
    rows = [
        example(f"property {number} of {smiles}?", "a", metadata={"s": smiles})
        for smiles in alcohols
        for number in range(4)
    ]
    result = split(rows, split_method="scaffold", smiles_key="s", test_fraction=0.2)
    where = {}
    for item in list_rows(result.table):
        where.setdefault(item.metadata["s"], set()).add(item.split)
    assert all(len(splits) == 1 for splits in where.values())
