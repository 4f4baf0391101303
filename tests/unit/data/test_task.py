import pytest

from aliquot.core.dataset import Task
from aliquot.data.task import check_task, count_labels, infer_task, is_number
from tests.unit.data.rows import example, table_of


@pytest.mark.parametrize("text", ["1", "-0.77", "+3.", ".5", "1e-3", "2E+10", " 4 ", "−1.5"])
def test_plain_numbers_are_numbers(text):
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "1,234", "1 g", "nan", "inf", "1e", "--1", "1.2.3", "five", "٣"])
def test_other_texts_are_not(text):
    assert not is_number(text)


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
        ([], "text", "no references"),
    ],
)
def test_the_task_is_inferred_with_its_evidence(references, task_type, words):
    task = infer_task(references)
    assert (task.task_type, task.set_by) == (task_type, "rule")
    assert words in task.reason


def test_the_user_decides():
    task = infer_task(["0", "1"] * 20, "number")
    assert (task.task_type, task.set_by) == ("number", "you")
    assert infer_task(["b", "a"], "labels").labels == ("a", "b")


def test_labels_are_sorted_and_counted():
    task = infer_task(["no", "yes", "no", "no"] * 5)
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


def test_a_label_missing_from_train_and_a_single_label_are_told():
    examples = [example("p", "a", line=1, split="train"), example("q", "b", line=2, split="test")]
    (finding,) = check_task(table_of(examples), Task(task_type="labels", labels=("a", "b")))
    assert (finding.code, finding.lines) == ("label_not_in_train", (2,))
    assert [item.code for item in check_task(table_of([]), Task(task_type="labels", labels=("a",)))] == [
        "one_label"
    ]
