import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Task
from aliquot.data import sizes
from aliquot.data.split import split_table
from tests.unit.data.rows import example, list_rows, table_of

TEXT = Task(task_type="text")


class Split:
    def __init__(self, examples, settings, task):
        split = split_table(table_of(examples), settings, task)
        self.table, self.rule, self.findings = split.table, split.rule, split.findings
        self.examples = list_rows(split.table)


def make(count, *, split=None):
    return [example(f"p{i}", f"a{i % 3}", line=i + 1, split=split) for i in range(count)]


def counts(result):
    return Counter(item.split for item in result.examples)


def codes(examples, settings=None):
    settings = settings or DataSettings()
    return [item.code for item in sizes.check_sizes(Split(examples, settings, TEXT).table, settings)]


@pytest.mark.parametrize(
    ("num_rows", "test", "validation"),
    # A fifth and a tenth, within 50..500; of few rows at most a third and a fifth.
    [(30, 10, 4), (100, 33, 13), (200, 50, 30), (1000, 200, 80), (2500, 500, 200), (10_000, 500, 500)],
)
def test_sizes_follow_the_rule(num_rows, test, validation):
    assert sizes.test_size(num_rows, DataSettings()) == test
    assert sizes.validation_size(num_rows - test, DataSettings()) == validation


def test_without_a_split_key_test_and_validation_are_held_out():
    result = Split(make(1000), DataSettings(), TEXT)
    assert counts(result) == {"train": 720, "validation": 80, "test": 200}
    assert "200 of 1,000 rows were held out for test by hash with seed 0" in result.rule
    assert "80 of 800 train rows were held out for validation" in result.rule


def test_wanted_fractions_are_taken_at_their_word():
    result = Split(make(100), DataSettings(test_fraction=0.05, validation_fraction=0.0), TEXT)
    assert counts(result) == {"train": 95, "test": 5}
    assert "No rows were held out for validation." in result.rule


def test_a_split_in_the_file_wins_and_test_rows_stay():
    examples = [*make(80, split="train"), *make(20, split="test")]
    result = Split(examples, DataSettings(test_fraction=0.5), TEXT)
    assert [item.split for item in result.examples[80:]] == ["test"] * 20
    assert {item.split for item in result.examples[:80]} == {"train", "validation"}
    assert result.rule.startswith("The file's own split was kept: 80 train, 20 test rows.")


def test_validation_rows_in_the_file_are_all_of_validation():
    examples = [*make(60, split="train"), *make(20, split="validation"), *make(20, split="test")]
    result = Split(examples, DataSettings(validation_fraction=0.5), TEXT)
    assert [item.split for item in result.examples] == [item.split for item in examples]
    assert "validation_fraction was not used" in result.rule


def test_rows_without_a_split_among_rows_with_one_are_an_error():
    examples = [*make(20, split="train"), example("x", "y", line=99), *make(5, split="test")]
    (finding,) = Split(examples, DataSettings(), TEXT).findings
    assert (finding.code, finding.severity, finding.lines, finding.count) == (
        "split_missing",
        "error",
        (99,),
        1,
    )


def test_occurrences_are_numbered_within_each_split():
    same = [
        example("p", "a", line=i, split=split) for i, split in enumerate(["train", "train", "test", "train"])
    ]
    result = Split(same, DataSettings(validation_fraction=0.0), TEXT)
    assert [item.occurrence for item in result.examples] == [0, 1, 0, 2]
    assert len({(item.split, item.example_id) for item in result.examples}) == 4


def test_labels_are_split_in_proportion():
    examples = [example(f"p{i}", "rare" if i % 10 == 0 else "common", line=i) for i in range(1000)]
    result = Split(examples, DataSettings(), Task(task_type="labels", labels=("common", "rare")))
    assert Counter(item.reference for item in result.examples if item.split == "test") == {
        "common": 180,
        "rare": 20,
    }
    assert "each label in proportion" in result.rule


def test_a_group_is_never_parted():
    examples = [example(f"p{i}", "a", line=i, group=f"g{i // 7}") for i in range(700)]
    result = Split(examples, DataSettings(group_key="mol"), TEXT)
    where = {}
    for item in result.examples:
        where.setdefault(item.group, set()).add(item.split)
    assert all(len(splits) == 1 for splits in where.values())
    assert counts(result)["test"] == 140
    assert "equal mol kept together" in result.rule


def test_a_missing_group_key_is_told():
    (finding,) = Split(make(20), DataSettings(group_key="mol"), TEXT).findings
    assert (finding.code, finding.severity, finding.count) == ("group_key_missing", "error", 20)
    mixed = [*make(20), example("x", "y", line=21, group="g")]
    (finding,) = Split(mixed, DataSettings(group_key="mol"), TEXT).findings
    assert (finding.severity, finding.count) == ("warning", 20)


def test_the_seed_draws_another_split():
    drawn = [
        frozenset(
            item.line
            for item in Split(make(300), DataSettings(seed=seed), TEXT).examples
            if item.split == "test"
        )
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_sizes_that_forbid_or_weaken_a_run_are_told():
    assert codes(make(9)) == ["too_few_examples", "few_test_rows"]
    assert codes(make(30, split="train")) == ["no_test"]
    assert codes(make(1000)) == []
    assert codes(make(100)) == ["few_test_rows"]


def test_the_wish_to_train_without_a_test_is_followed():
    settings = DataSettings(without_test=True)
    assert "no_test" not in codes(make(100), settings)
    assert counts(Split(make(100), settings, TEXT))["test"] == 0


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "A ", "b", "c", "d", "e", "f", "g"]),
        st.sampled_from(["x", "y"]),
        st.none() | st.sampled_from(["G", "H", "I"]),
    ),
    min_size=1,
    max_size=60,
)


@given(ROWS, st.integers(0, 5), st.sampled_from([None, 0.1, 0.5]), st.randoms(use_true_random=False))
def test_a_split_of_ours_is_a_partition_that_ignores_the_order_of_rows(rows, seed, fraction, shuffler):
    task = Task(task_type="labels", labels=("x", "y"))
    settings = DataSettings(seed=seed, test_fraction=fraction)
    examples = [
        example(prompt, answer, group=group, line=i) for i, (prompt, answer, group) in enumerate(rows)
    ]
    shuffled = shuffler.sample(examples, len(examples))
    first, second = (Split(order, settings, task).examples for order in (examples, shuffled))
    assert [item.line for item in first] == list(range(len(rows)))
    assert {item.line: item.split for item in first} == {item.line: item.split for item in second}
    contents: dict[str, set] = {}
    for item in first:
        contents.setdefault(item.content_hash, set()).add(item.split)
        contents.setdefault(f"group {item.group or item.line}", set()).add(item.split)
    assert all(len(splits) == 1 for splits in contents.values())


@given(st.lists(st.sampled_from(["train", "validation", "test"]), min_size=1, max_size=50))
def test_no_row_leaves_the_test_or_enters_it_when_the_file_says_so(splits):
    examples = [example(f"p{i % 9}", "a", line=i, split=split) for i, split in enumerate(splits)]
    result = Split(examples, DataSettings(), TEXT)
    assert [item.split == "test" for item in result.examples] == [split == "test" for split in splits]


def test_shuffled_files_give_the_same_ids():
    examples = make(500)
    shuffled = random.Random(1).sample(examples, 500)
    first, second = (Split(order, DataSettings(), TEXT).examples for order in (examples, shuffled))
    ids = [sorted(item.example_id for item in rows if item.split == "test") for rows in (first, second)]
    assert ids[0] == ids[1]
