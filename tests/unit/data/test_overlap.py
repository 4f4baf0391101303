import math

from hypothesis import given
from hypothesis import strategies as st

from aliquot.core.dataset import Task
from aliquot.data import overlap as module
from aliquot.data.keys import stands_in
from tests.unit.data.rows import example, table_of

LABELS = Task(task_type="labels", labels=("acid", "base"))


def measure_overlap(examples):
    table = table_of(examples)
    return module.measure_overlap(table, module.find_conflicts(table))


def found(examples, task=LABELS):
    table = table_of(examples)
    return {item.code: item for item in module.check_overlap(table, module.find_conflicts(table), task)}


def test_shared_prompts_are_counted_to_the_letter_and_near_ones_apart():
    examples = [
        example("HCl", "acid", line=1, split="train"),
        example("NaOH", "base", line=2, split="validation"),
        example("HCl", "acid", line=3, split="test"),
        example("NaOH", "acid", line=4, split="test"),
        example("HCl ", "acid", line=5, split="test"),
        example("hcl", "acid", line=6, split="test"),
    ]
    overlap = measure_overlap(examples)
    assert overlap.test_prompts_in_train == 2
    assert overlap.test_ids_in_train == (examples[2].example_id, examples[3].example_id)
    findings = found(examples)
    assert findings["test_prompt_in_train"].lines == (3, 4)
    assert "2 of 4 test rows" in findings["test_prompt_in_train"].message
    assert "1 of them with the same answer" in findings["test_prompt_in_train"].message
    assert findings["test_prompt_near_train"].lines == (5,)


def test_another_system_prompt_is_another_prompt():
    examples = [
        example("HCl", "acid", split="train", system="one"),
        example("HCl", "acid", line=2, split="test", system="two"),
    ]
    assert measure_overlap(examples).test_prompts_in_train == 0


def test_conflicts_and_the_ceiling_by_hand():
    # In test: p has a, a, b (best 2 of 3), q has a, b (best 1 of 2), r has a: (2 + 1 + 1) / 6.
    rows = [("p", "a"), ("p", "a"), ("p", "b"), ("q", "a"), ("q", "b"), ("r", "a")]
    examples = [example(*row, line=i, split="test") for i, row in enumerate(rows)]
    overlap = measure_overlap([*examples, example("r", "b", line=9, split="train")])
    assert overlap.conflicting_prompts == 3
    assert math.isclose(overlap.accuracy_ceiling, 4 / 6)
    assert "66.7 %" in found(examples)["conflicting_answers"].message


def test_several_good_texts_are_no_conflict_to_warn_of():
    examples = [example("p", "a", split="train"), example("p", "b", line=2, split="train")]
    assert "conflicting_answers" not in found(examples, Task(task_type="text"))


def test_without_test_rows_the_ceiling_is_one():
    assert measure_overlap([]).accuracy_ceiling == 1.0


def test_repeats_are_counted_within_their_split():
    examples = [
        example("p", "a", line=1, split="train"),
        example("p", "a", line=2, split="train"),
        example("p", "a", line=3, split="test"),
    ]
    assert found(examples)["duplicate_in_split"].lines == (2,)


def test_a_group_on_both_sides_is_told():
    examples = [
        example("p", "a", line=1, split="train", group="G"),
        example("q", "a", line=2, split="test", group="G"),
        example("r", "a", line=3, split="test", group="H"),
    ]
    assert found(examples)["group_in_both"].lines == (2,)


def test_an_answer_given_away_is_told_and_a_list_of_choices_is_not():
    leaky = [
        example(f"sample {i}, class {label}?", label, line=i) for i in range(20) for label in ("acid", "base")
    ]
    listed = [
        example(f"sample {i}: acid or base?", label, line=i) for i in range(20) for label in ("acid", "base")
    ]
    assert found(leaky)["answer_in_prompt"].count == 40
    assert "answer_in_prompt" not in found(listed)


def test_a_label_that_is_also_a_unit_is_not_given_away():
    examples = [example(f"0.5 M of salt {i}", "HML"[i % 3], line=i) for i in range(60)]
    assert "answer_in_prompt" not in found(examples)


def test_whole_words_only():
    assert stands_in("cat", "a cat.")
    assert stands_in("cat", "concat cat")
    assert not stands_in("cat", "concatenate")
    assert not stands_in("", "text")


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("ab"), st.sampled_from(["train", "test"]))))
def test_the_ceiling_is_what_the_best_fixed_answers_reach(rows):
    examples = [
        example(prompt, answer, line=i, split=split) for i, (prompt, answer, split) in enumerate(rows)
    ]
    test = [(prompt, answer) for prompt, answer, split in rows if split == "test"]
    best = sum(max(sum(row == (prompt, answer) for row in test) for answer in "ab") for prompt in "pqr")
    assert math.isclose(measure_overlap(examples).accuracy_ceiling, best / len(test) if test else 1.0)


def test_a_test_of_few_different_rows_is_a_warning():
    rows = [example(f"p{i % 4}", "a", line=i, split="test") for i in range(40)]
    finding = found(rows)["test_rows_repeated"]
    assert (finding.severity, finding.count) == ("warning", 36)
    assert "the test has 4 different rows" in finding.message
    few = [example(f"p{i % 19}", "a", line=i, split="test") for i in range(20)]
    assert "test_rows_repeated" not in found(few)
    assert found(few)["duplicate_in_split"].severity == "note"
