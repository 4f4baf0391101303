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
        ([f'["{a}", "{b}", "{c}"]' for a in "uvwx" for b in "lmno" for c in "rstp"], "set", "as JSON lists"),
        (
            [f'{{"a": "{a}", "b": "{b}", "c": "{c}"}}' for a in "uvwx" for b in "lmno" for c in "rstp"],
            "json",
            "64 of 64 references are JSON objects",
        ),
        ([f"Fe{i}O{i + 1}" for i in range(1, 30)], "composition", "29 different ones of 29 compositions"),
        ([f"Fe{i}O{i}" for i in range(1, 30)], "composition", "of 1 compositions"),
        ([f"{'C' * i}(=O)O" for i in range(1, 30)], "molecule", "29 different molecules"),
        ([f"{'C' * i}(=O)O" for i in range(1, 30)] + ["C1CC"], "text", "30 different values"),
        (["CO", "NO", "COO", "Fe", "In", "He", "No", "Co", "OH", "ON", "IN"], "text", "11 different values"),
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
    assert (finding.code, finding.severity, finding.lines) == ("reference_not_json", "error", (2, 3))
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


@pytest.mark.parametrize(
    ("task", "bad", "code"),
    [
        (Task(task_type="set", separator="json"), "a; b", "reference_not_list"),
        (Task(task_type="molecule"), "C1CC", "reference_not_molecule"),
        (Task(task_type="composition"), "iron", "reference_not_formula"),
    ],
)
def test_references_that_cannot_be_read_are_errors_before_training(task, bad, code):
    good = {"set": '["a"]', "molecule": "CCO", "composition": "Fe2O3"}[task.task_type]
    (finding,) = check_task(table_of([example("p", good, line=1), example("q", bad, line=2)]), task)
    assert (finding.code, finding.severity, finding.lines) == (code, "error", (2,))


def test_without_rdkit_molecules_are_texts_and_the_reason_says_how_to_mend_it(monkeypatch):
    monkeypatch.setattr("aliquot.data.task.has_rdkit", lambda: False)
    monkeypatch.setattr("aliquot.data.chemical_answers.has_rdkit", lambda: False)
    for task in (infer([f"{'C' * i}(=O)O" for i in range(1, 30)]), infer(["CCO"], "molecule")):
        assert task.task_type == "text"
        assert "pip install 'aliquot[molecules]'" in task.reason


def test_the_separator_of_sets_is_recorded():
    assert infer(["a, b", "b, c"], "set").separator == ","
    assert infer([f"{a}; {b}" for a in "uvwxyz" for b in "lmnopq"]).separator == ";"


@pytest.mark.parametrize(
    ("value", "is_good"),
    [('["b; c", "d"]', True), ('[["b", "c"]]', True), ("b; c", False), ("[1]", False), ('[""]', False)],
)
def test_further_accepted_answers_are_looked_at_before_training(value, is_good):
    rows = [example("p", "a; b", line=3, metadata={"accepted_answers": value})]
    found = check_task(table_of(rows), Task(task_type="set", separator=";"))
    assert [finding.code for finding in found] == ([] if is_good else ["accepted_answers_unreadable"])
