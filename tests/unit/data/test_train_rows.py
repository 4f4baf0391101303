"""Some of the training rows: nested, in proportion, whole groups, and every row accounted for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import Task
from aliquot.data.check import check_data
from aliquot.data.split import split_table
from aliquot.data.train_rows import keep_train_rows
from aliquot.data.units import Units, choose_beginning, mix_strata
from aliquot.export.data_wording import describe_rows
from tests.unit.data.rows import chat_line, example, list_rows, table_of, write_lines

TEXT = Task(task_type="text", reason="they are texts")
LABELS = Task(task_type="labels", labels=("a", "b", "c"))

ROWS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from("aaaabbc"),
        st.none() | st.sampled_from("GHIJ"),
        st.sampled_from(("train", "train", "train", "test", "validation")),
    ),
    min_size=1,
    max_size=50,
)


def build(rows):
    return table_of(
        [
            example(f"item {number}", answer, line=line, split=split, group=group)
            for line, (number, answer, group, split) in enumerate(rows, start=1)
        ]
    )


def keep(table, num_rows, task=LABELS, **settings):
    return keep_train_rows(table, DataSettings(train_rows=num_rows, **settings), task)


def lines(kept, split="train"):
    return {item.line for item in list_rows(kept.table) if item.split == split}


def plain(count, answer=lambda i: "abc"[i % 3]):
    return table_of([example(f"p{i}", answer(i), line=i + 1, split="train") for i in range(count)])


@given(ROWS, st.integers(1, 50), st.integers(1, 50), st.integers(0, 3))
def test_fewer_rows_are_part_of_more_and_the_other_splits_stay(rows, one, two, seed):
    table = build(rows)
    fewer, more = (keep(table, number, train_rows_seed=seed) for number in sorted((one, two)))
    assert lines(fewer) <= lines(more)
    for split in ("test", "validation"):
        assert lines(fewer, split) == {item.line for item in list_rows(table) if item.split == split}


@given(ROWS, st.integers(1, 50))
def test_a_group_is_kept_whole_or_not_at_all_and_never_more_than_asked_unless_one_group_is(rows, wanted):
    table = build(rows)
    kept = lines(keep(table, wanted))
    groups: dict[str, set[int]] = {}
    for item in list_rows(table):
        if item.group and item.split == "train":
            groups.setdefault(item.group, set()).add(item.line)
    assert all(group <= kept or not group & kept for group in groups.values())
    assert len(kept) <= wanted or kept == lines(keep(table, 1))


@given(ROWS, st.integers(1, 50), st.randoms())
def test_the_order_of_the_rows_changes_nothing(rows, wanted, random):
    shuffled = random.sample(rows, len(rows))

    def kept(some):
        return sorted(
            (item.prompt[-1].text, item.reference, item.group or "")
            for item in list_rows(keep(build(some), wanted).table)
            if item.split == "train"
        )

    assert kept(rows) == kept(shuffled)


def test_each_label_is_kept_in_proportion_at_every_size():
    table = plain(300, lambda i: "a" if i % 10 else "b")
    for wanted in (10, 20, 50, 100, 200):
        answers = [item.reference for item in list_rows(keep(table, wanted).table)]
        assert len(answers) == wanted
        assert answers.count("b") == wanted // 10


def test_rows_of_one_label_that_are_added_do_not_change_which_rows_of_another_come_first():
    before = plain(60, lambda i: "ab"[i % 2])
    added = [example(f"new {i}", "b", line=100 + i, split="train") for i in range(30)]
    after = table_of([*list_rows(before), *added])

    def of_a(kept):
        return [item.line for item in list_rows(kept.table) if item.reference == "a"]

    # 60 rows: a share of 1/2; 90 rows: a share of 1/3. As many rows of "a" are the same rows of "a".
    assert of_a(keep(before, 20)) == of_a(keep(after, 30))
    assert len(of_a(keep(before, 20))) == 10


def test_rows_that_are_added_displace_rows_only_at_the_margin():
    before = plain(100, lambda i: "a")
    added = [example(f"new {i}", "a", line=200 + i, split="train") for i in range(40)]
    after = table_of([*list_rows(before), *added])
    old = lines(keep(before, 30, TEXT))
    kept = {line for line in lines(keep(after, 30, TEXT)) if line < 200}
    assert kept < old
    assert len(kept) > 15


def test_another_seed_keeps_other_rows():
    assert lines(keep(plain(60), 20)) != lines(keep(plain(60), 20, train_rows_seed=1))
    assert lines(keep(plain(60), 20)) == lines(keep(plain(60), 20, train_rows_seed=0))


def test_the_mixed_order_gives_every_stratum_its_share_by_hand():
    units = Units(np.arange(6), np.ones(6, int), np.zeros(6, int), np.array([0, 0, 0, 0, 1, 1]))
    # Middles of four units: 1/8, 3/8, 5/8, 7/8; of two: 1/4, 3/4.
    assert mix_strata(units, np.array([5, 3, 2, 1, 0, 4])).tolist() == [3, 5, 2, 1, 4, 0]
    assert np.flatnonzero(choose_beginning(units, np.array([3, 5, 2, 1, 4, 0]), 3)).tolist() == [2, 3, 5]


def test_the_first_group_is_kept_even_when_it_is_larger_than_asked():
    rows = [example(f"p{i}", "a", line=i, split="train", group="G" if i < 5 else "H") for i in range(10)]
    kept = keep(table_of(rows), 2, TEXT, group_key="lab")
    assert len(lines(kept)) == 5
    assert "(2 were wanted; what belongs together was not parted)" in kept.rule


def test_what_is_not_used_is_said_listed_and_counted():
    kept = keep(plain(40), 10)
    assert kept.rule == (
        "10 of 40 training rows were kept as asked, by hash with seed 0, each label in proportion, equal "
        "prompts kept together; the other 30 are not used."
    )
    (finding,) = kept.findings
    assert (finding.code, finding.severity, finding.count) == ("train_rows_left_out", "note", 30)
    assert {change.line for change in kept.changes} == set(range(1, 41)) - lines(kept)
    assert {change.why for change in kept.changes} == {"data.train_rows"}


def test_asking_for_more_rows_than_there_are_is_told():
    kept = keep(plain(12), 20)
    assert [finding.code for finding in kept.findings] == ["train_rows_too_few"]
    assert len(kept.table) == 12
    assert keep(plain(12), 12).findings == ()


def test_a_check_keeps_test_and_validation_as_they_are_and_says_what_it_left_out(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [chat_line(f"p{i}", "ab"[i % 2]) for i in range(400)])
    whole = check_data(path, DataSettings())
    part = check_data(path, DataSettings(train_rows=50))
    for split in ("test", "validation"):
        assert part.report.get_split(split).ids_sha256 == whole.report.get_split(split).ids_sha256
    assert part.report.get_split("train").num_examples == 50
    assert part.report.get_split("train").label_counts == {"a": 25, "b": 25}
    assert "50 of 270 training rows were kept as asked" in part.report.split_rule
    assert part.report.num_examples + 220 == part.report.num_rows == 400
    assert describe_rows(part.report) == "400 rows, 180 used"


def test_data_that_are_only_scored_keep_all_rows(tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [chat_line(f"p{i}", "ab"[i % 2]) for i in range(40)])
    assert len(check_data(path, DataSettings(train_rows=5), is_trained=False).table) == 40


def test_validation_is_taken_before_rows_are_left_out():
    table = table_of([example(f"p{i}", "ab"[i % 2], line=i) for i in range(200)])
    settings = DataSettings(train_rows=20)
    split = split_table(table, settings, LABELS)
    kept = keep_train_rows(split.table, settings, LABELS)
    assert lines(kept, "validation") == {
        item.line for item in list_rows(split.table) if item.split == "validation"
    }
