"""Simple methods on small rows whose best answer is known, and on a thousand rows against the clock."""

import random
import time

import pytest

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample, Task
from aliquot.core.records import sha256_of
from aliquot.evaluation import baselines as module
from aliquot.evaluation.baselines import (
    find_median,
    fit_baselines,
    prompt_text,
    read_baseline_notes,
    run_baselines,
    save_baselines,
    shared_messages,
)
from tests.fixtures.run_dirs import make_run_dir

LABELS = Task(task_type="labels", labels=("acid", "base", "salt"))
NUMBER = Task(task_type="number")
TEXT = Task(task_type="text")


def _row(prompt, reference, number=0):
    messages = (Message("system", "Name it."), Message("user", prompt), Message("assistant", reference))
    return StoredExample(
        example_id=f"{sha256_of(messages)[:16]}.{number}", line=number + 1, messages=messages
    )


def _rows(*pairs):
    return [_row(prompt, reference, number) for number, (prompt, reference) in enumerate(pairs)]


def _outputs(model, train, test, task, validation=()):
    found = {baseline.model: baseline for baseline in fit_baselines(train, validation, test, task, seed=0)}
    return found[model].outputs if model in found else None


TRAIN = _rows(("HCl", "acid"), ("HBr", "acid"), ("NaOH", "base"), ("KOH", "base"), ("HI", "acid"))


def test_the_majority_answers_the_most_frequent_reference_with_smoothed_frequencies():
    majority = fit_baselines(TRAIN, [], _rows(("LiOH", "base")), LABELS, seed=0)[0]
    assert majority.outputs == ["acid"]
    assert majority.probabilities == [{"acid": 4 / 8, "base": 3 / 8, "salt": 1 / 8}]


def test_of_equally_frequent_references_the_first_in_the_alphabet_is_taken():
    train = _rows(("a", "salt"), ("b", "base"))
    assert _outputs("majority", train, _rows(("c", "acid")), LABELS) == ["base"]


def test_for_numbers_the_majority_is_the_training_median():
    train = _rows(("a", "1"), ("b", "10"), ("c", "3"), ("d", "4"))
    assert _outputs("majority", train, _rows(("e", "0")), NUMBER) == ["3.5"]
    assert find_median(["none", "2"]) == 2.0
    assert find_median(["none"]) is None


def test_the_nearest_neighbour_answers_as_the_most_similar_prompt():
    test = _rows(("LiOH", "base"), ("HF", "acid"), ("KOH", "base"))
    assert _outputs("nearest_neighbour", TRAIN, test, LABELS) == ["base", "acid", "base"]


def test_of_equally_similar_prompts_the_first_row_counts():
    train = _rows(("ab", "first"), ("cb", "second"), ("ab", "third"))
    assert _outputs("nearest_neighbour", train, _rows(("xb", ""), ("ab", "")), TEXT) == ["first", "first"]


def test_the_nearest_neighbour_is_the_minimum_of_the_whole_distance_matrix():
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    rng = random.Random(4)
    texts = ["".join(rng.choice("CNO()=1") for _ in range(rng.randint(1, 20))) for _ in range(120)]
    train = _rows(*((text, str(number)) for number, text in enumerate(texts[:90])))
    test = _rows(*((text, "") for text in texts[90:]))
    matrix = process.cdist(texts[90:], texts[:90], scorer=Levenshtein.normalized_distance, dtype=float)
    expected = [str(texts.index(texts[column])) for column in matrix.argmin(axis=1)]
    assert _outputs("nearest_neighbour", train, test, TEXT) == expected


def test_only_messages_that_all_train_rows_share_are_left_out():
    rule, other = Message("system", "Name the class."), Message("system", "Item: benzene.")
    ask, answer = Message("user", "Which?"), Message("assistant", "low")

    def row(*messages):
        return StoredExample(example_id="x", line=1, messages=(*messages, answer))

    shared = shared_messages([row(rule, ask, Message("user", "a")), row(rule, ask, Message("user", "b"))])
    assert shared == {rule, ask}
    assert prompt_text(row(rule, ask, Message("user", "c")), shared) == "c"
    # A system message that carries the item, and an earlier turn, tell prompts apart and stay.
    assert (
        prompt_text(row(other, ask), shared_messages([row(other, ask), row(rule, ask)])) == "Item: benzene."
    )
    assert prompt_text(row(rule, ask), shared) == "Name the class.\nWhich?"


def _learnable(count, make, seed=0):
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        is_base = rng.random() < 0.5
        filler = "".join(rng.choice("abcdefgh ") for _ in range(30))
        rows.append(_row(f"{filler}{'OH' if is_base else 'Cl'}{filler[:5]}", make(is_base), number))
    return rows


def test_the_linear_model_finds_a_character_pattern_and_says_what_it_chose():
    rows = _learnable(300, lambda is_base: "base" if is_base else "acid")
    train, validation, test = rows[:200], rows[200:240], rows[240:]
    linear = fit_baselines(train, validation, test, LABELS, seed=0)[2]
    right = sum(output == row.reference for output, row in zip(linear.outputs, test, strict=True))
    assert right >= 0.95 * len(test)
    assert "chosen on 40 validation rows" in linear.note
    assert all(sum(table.values()) == pytest.approx(1) for table in linear.probabilities)
    assert all(table["salt"] == 0.0 for table in linear.probabilities)


def test_the_linear_model_of_numbers_is_a_ridge_regression():
    rows = _learnable(300, lambda is_base: "12.5" if is_base else "-3")
    linear = fit_baselines(rows[:200], rows[200:240], rows[240:], NUMBER, seed=0)[2]
    errors = [
        abs(float(out) - float(row.reference)) for out, row in zip(linear.outputs, rows[240:], strict=True)
    ]
    # The median of train would be wrong by 7.8 on average.
    assert sum(errors) / len(errors) < 4
    assert "Ridge regression" in linear.note


def test_the_linear_model_learns_nothing_from_shuffled_labels():
    rng = random.Random(1)
    rows = _learnable(600, lambda _: rng.choice(["acid", "base"]))
    linear = fit_baselines(rows[:300], rows[300:350], rows[350:], LABELS, seed=0)[2]
    right = sum(output == row.reference for output, row in zip(linear.outputs, rows[350:], strict=True))
    assert 0.35 < right / 250 < 0.65


def test_without_validation_the_strength_is_the_middle_of_the_grid():
    linear = fit_baselines(TRAIN, [], _rows(("LiOH", "base")), LABELS, seed=0)[2]
    assert "C = 10 (not tuned: no validation rows)" in linear.note


@pytest.mark.parametrize(
    ("train", "task"),
    [
        (_rows(("a", "acid"), ("b", "acid")), LABELS),
        (_rows(("a", "1"), ("b", "1.0")), NUMBER),
        (_rows(("  ", "acid"), (" ", "base")), LABELS),
        (TRAIN, TEXT),
    ],
)
def test_there_is_no_linear_model_where_there_is_nothing_to_learn(train, task):
    models = [found.model for found in fit_baselines(train, [], _rows(("c", "acid")), task, seed=0)]
    assert models == ["majority", "nearest_neighbour"]


def test_without_train_or_test_rows_there_are_no_baselines():
    assert fit_baselines([], [], TRAIN, LABELS, seed=0) == []
    assert fit_baselines(TRAIN, [], [], LABELS, seed=0) == []


def test_predictions_are_complete_records_in_the_order_of_the_rows():
    test = _rows(("KOH", "base"), ("LiOH", "base"))
    found = run_baselines(TRAIN, [], test, LABELS, seed=5, train_prompts={row.prompt_sha256 for row in TRAIN})
    assert list(found) == ["majority", "nearest_neighbour", "linear"]
    for model, predictions in found.items():
        assert [p.example_id for p in predictions] == [row.example_id for row in test]
        assert [p.in_train for p in predictions] == [True, False]
        assert {(p.model, p.reference, p.seed, p.split) for p in predictions} == {(model, "base", 5, "test")}


def test_too_many_train_rows_are_thinned_and_the_report_is_told(monkeypatch):
    monkeypatch.setattr(module, "MAX_TRAIN_ROWS", 3)
    _, neighbour, linear = fit_baselines(TRAIN, [], _rows(("LiOH", "base")), LABELS, seed=2)
    assert "3 of the 5 train rows, drawn with seed 2" in neighbour.note
    assert linear.note.endswith(neighbour.note)


def test_saving_publishes_predictions_and_what_was_chosen(tmp_path):
    run_dir = make_run_dir(tmp_path)
    assert read_baseline_notes(run_dir) == {}
    assert save_baselines(run_dir) == ("majority", "nearest_neighbour", "linear")
    assert list(read_baseline_notes(run_dir)) == ["linear"]
    assert len(run_dir.read_predictions("linear", "test")) == 40
    assert sum(p.in_train for p in run_dir.read_predictions("majority", "test")) == 3
    assert ("baselines", "test") not in run_dir.list_predictions()


@pytest.mark.parametrize("task", [LABELS, NUMBER])
def test_two_thousand_rows_take_less_than_ten_seconds(task):
    rng = random.Random(3)
    words = ["".join(rng.choice("abcdefghijklmnop") for _ in range(rng.randint(3, 9))) for _ in range(2000)]
    weight = {word: rng.gauss(0, 1) for word in words}
    rows = []
    for number in range(2700):
        chosen = [rng.choice(words) for _ in range(25)]
        total = sum(weight[word] for word in chosen)
        label = "acid" if total < -2 else "salt" if total < 2 else "base"
        rows.append(_row(" ".join(chosen), f"{total:.2f}" if task is NUMBER else label, number))
    started = time.process_time()
    fit_baselines(rows[:2000], rows[2000:2200], rows[2200:], task, seed=0)
    assert time.process_time() - started < 10


def _texts(*texts):
    return [
        StoredExample(example_id=f"{number:016x}.0", line=number + 1, messages=(Message("text", text),))
        for number, text in enumerate(texts)
    ]


def test_plain_texts_are_predicted_by_a_model_of_bytes_alone():
    train, test = _texts(*["zinc is grey. "] * 9), _texts("zinc is grey.", "qwxyz")
    found = run_baselines(
        train, [], test, Task(task_type="document"), seed=0, train_prompts={train[0].prompt_sha256}
    )
    known, unknown = found["byte_ngram"]
    assert list(found) == ["byte_ngram"]
    assert (
        known.log_probability > unknown.log_probability
    )  # thirteen bytes that were seen, five that were not
    assert (known.output, known.num_output_tokens, known.in_train) == ("", 0, False)


def test_only_so_many_bytes_are_counted_and_it_is_told(monkeypatch):
    monkeypatch.setattr(module, "MAX_TRAIN_BYTES", 20)
    [found] = fit_baselines(_texts(*["a" * 12] * 5), [], _texts("a"), Task(task_type="document"), seed=0)
    assert "the first 2 of 5 texts" in found.note
