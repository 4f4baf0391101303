from dataclasses import replace

import pytest

from aliquot.core.dataset import Task
from aliquot.export.data_wording import (
    describe_answers,
    describe_conflicts,
    describe_contents,
    describe_majority,
    describe_overlap,
    describe_rows,
    describe_shared,
    file_name,
    list_labels,
    name_label,
)
from tests.fixtures.reports import make_report


def test_only_the_name_of_the_file_is_told():
    assert file_name(make_report()) == "rows.jsonl"


def test_overlap_and_contradictions_are_put_in_words():
    report = make_report()
    assert describe_overlap(report) == "No test prompt occurs verbatim in train or validation."
    shared = make_report(overlap=replace(report.overlap, test_prompts_in_train=1))
    assert describe_shared(shared) == "1 of 4 test prompts occurs verbatim in train or validation."
    assert "scores without them" in describe_overlap(shared)
    doubtful = make_report(overlap=replace(report.overlap, conflicting_prompts=2, accuracy_ceiling=0.975))
    assert "97.5 % accuracy" in describe_conflicts(doubtful)


def test_contradictions_that_limit_no_score_are_left_to_the_findings():
    report = make_report()
    doubtful = make_report(overlap=replace(report.overlap, conflicting_prompts=2))
    assert describe_conflicts(doubtful) == ""


def test_without_a_test_nothing_is_said_of_it():
    report = make_report(splits=make_report().splits[:1])
    assert describe_overlap(report) == describe_majority(report) == ""


def test_the_majority_of_train_is_held_against_the_test():
    # high leads 5 to 3 in train, and has 1 of the 4 test rows
    assert describe_majority(make_report()).startswith("Always answering high,")
    assert "right on 25.0 % of the test" in describe_majority(make_report())


def test_labels_are_listed_by_frequency_then_name():
    assert list_labels(make_report()) == [("high", 6), ("low", 6)]


@pytest.mark.parametrize(
    ("rows", "usable", "words"),
    [(12, 12, "12 rows, all usable"), (12, 5, "12 rows, 5 usable"), (1, 1, "1 row, usable")],
)
def test_unusable_rows_are_counted(rows, usable, words):
    assert describe_rows(make_report(num_rows=rows, num_examples=usable)) == words


def test_contents_name_the_splits_that_have_rows():
    assert describe_contents(make_report()) == (
        "12 conversations with a reference answer each (8 train, 4 test); 2 labels: high and low."
    )


def test_every_kind_of_answer_has_words():
    assert describe_answers(Task(task_type="number")) == "answers are numbers"
    assert describe_answers(Task(task_type="set")) == "answers are sets of items"


@pytest.mark.parametrize("label", ["", " high", "high ", "a\nb", "\u200b"])
def test_labels_that_do_not_show_what_they_are_stand_in_quotes(label):
    assert name_label(label) == repr(label)
    assert name_label("very high") == "very high"
