from collections import Counter

import pytest

from aliquot.core.dataset import Task
from aliquot.data.task import check_task, count_labels, infer_task
from tests.unit.data.rows import example, table_of


def infer(references, task_type=None):
    return infer_task(Counter(references), task_type)


@pytest.mark.parametrize(
    ("references", "task_type", "words"),
    [
        (["yes", "no"] * 50, "labels", "only 2 values"),
        (["H", "L", "M"] * 4, "labels", "only 3 values"),
        ([f"{i / 7:.2f}" for i in range(100)], "number", "100 of 100 references are numbers"),
        (["0", "1"] * 20, "labels", "whole numbers with only 2"),
        ([str(i) for i in range(100)], "number", "100 of 100"),
        ([f"{i / 7:.2f}" for i in range(99)] + ["n/a"], "number", "99 of 100"),
        ([f"sentence {i}" for i in range(100)], "text", "100 different values"),
        (["unknown"] * 95 + [f"rare {i}" for i in range(50)], "text", "51 different values"),
        (["a " * 40, "b " * 40] * 20, "text", "2 different values"),
        (
            [f'{{"id": {i}}}' for i in range(95)] + ["{broken"] * 5,
            "json",
            "95 of 100 references are JSON objects",
        ),
        ([f'{{"id": {i}}}' for i in range(94)] + ["{broken"] * 6, "text", "95 different values"),
        ([f"{a}; {b}; {c}" for a in "uvwx" for b in "lmno" for c in "rstp"], "set", "semicolons"),
        ([], "text", "no references"),
    ],
)
def test_the_task_is_inferred_with_its_evidence(references, task_type, words):
    task = infer(references)
    assert (task.task_type, task.set_by) == (task_type, "rule")
    assert words in task.reason


def test_the_user_decides():
    task = infer(["0", "1"] * 20, "number")
    assert (task.task_type, task.set_by) == ("number", "you")
    assert infer(["b", "a"], "labels").labels == ("a", "b")


def test_labels_are_sorted_and_counted():
    task = infer(["no", "yes", "no", "no"] * 5)
    assert task.labels == ("no", "yes")
    table = table_of([example("p", "no", split="train"), example("q", "no", split="train")])
    assert count_labels(table, "train", task) == {"no": 2, "yes": 0}
    assert count_labels(table, "test", task) == {"no": 0, "yes": 0}


def test_references_that_are_no_numbers_are_an_error_with_their_lines():
    examples = [example("p", "1.5", line=1), example("q", "n/a", line=2)]
    (finding,) = check_task(table_of(examples), Task(task_type="number"))
    assert (finding.severity, finding.lines, finding.count) == ("error", (2,), 1)
    assert "'n/a'" in finding.message


def test_labels_that_look_alike_are_told():
    task = Task(task_type="labels", labels=("High", "high ", "high.", "low", "+", "-", "?"))
    (finding,) = check_task(table_of([]), task)
    assert finding.code == "similar_labels"
    assert "'High' and 'high ' and 'high.'" in finding.message


def test_references_that_are_no_json_are_told_with_their_lines():
    examples = [example("p", '{"a": 1}', line=1), example("q", '{"a": 1', line=2), example("r", "3", line=3)]
    (finding,) = check_task(table_of(examples), Task(task_type="json"))
    assert (finding.code, finding.severity, finding.lines) == ("reference_not_json", "warning", (2, 3))
    assert "'{\"a\": 1'" in finding.message


def test_few_recurring_values_are_labels_though_they_are_json_or_lists():
    assert infer(['{"class": "acid"}', '{"class": "base"}'] * 20).task_type == "labels"
    assert infer(["red; blue", "red", "blue"] * 20).task_type == "labels"


def test_a_label_missing_from_train_and_a_single_label_are_told():
    examples = [example("p", "a", line=1, split="train"), example("q", "b", line=2, split="test")]
    finding, rare = check_task(table_of(examples), Task(task_type="labels", labels=("a", "b")))
    assert (finding.code, finding.lines) == ("label_not_in_train", (2,))
    assert (rare.code, rare.lines) == ("rare_label", (1,))
    assert [item.code for item in check_task(table_of([]), Task(task_type="labels", labels=("a",)))] == [
        "one_label"
    ]


def test_numbers_with_a_decimal_comma_are_told():
    rows = [example(f"p{i}", f"{i},5", line=i) for i in range(150)]
    task = infer([item.reference for item in rows])
    (finding,) = check_task(table_of(rows), task)
    assert (finding.code, finding.severity) == ("decimal_comma", "warning")
    assert check_task(table_of([example("p", "red, blue"), example("q", "1, 2, 3")]), task) == []
