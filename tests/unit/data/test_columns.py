import pytest

from aliquot.data.columns import PAIRS, Columns, find_columns, read_row
from aliquot.data.format import Number, Problem, Row


def read(value, columns):
    return list(read_row(5, value, columns, columns.names()))


@pytest.mark.parametrize(("prompt", "answer"), PAIRS)
def test_every_pair_is_found_in_any_case(prompt, answer):
    assert find_columns(["id", answer.upper(), f" {prompt.title()}"]) == Columns(
        f" {prompt.title()}", answer.upper()
    )


def test_an_unknown_pair_is_not_guessed():
    assert find_columns(["smiles", "colour"]) is None
    assert find_columns(["prompt", "label"]) is None


def test_alpaca_rows_put_the_context_after_the_instruction():
    columns = find_columns(["instruction", "input", "output"])
    assert columns == Columns("instruction", "output", context="input")
    (row,) = read({"instruction": "Name it.", "input": "CCO", "output": "ethanol"}, columns)
    assert row.value["messages"][0]["content"] == "Name it.\n\nCCO"
    (row,) = read({"instruction": "Name it.", "input": "", "output": "ethanol"}, columns)
    assert row.value["messages"][0]["content"] == "Name it."


def test_a_system_column_becomes_the_system_prompt_and_other_fields_stay():
    columns = find_columns(["system", "prompt", "completion"])
    (row,) = read({"system": "s", "prompt": "p", "completion": "c", "split": "test"}, columns)
    assert isinstance(row, Row)
    assert [item["role"] for item in row.value["messages"]] == ["system", "user", "assistant"]
    assert row.value["split"] == "test"
    assert row.names["messages[2].content"] == "completion"


@pytest.mark.parametrize(("value", "text"), [(Number("1.10"), "1.10"), (3, "3"), (True, "true")])
def test_numbers_are_read_as_they_are_written_and_noted(value, text):
    note, row = read({"text": "p", "label": value}, Columns("text", "label"))
    assert (note.code, note.severity, note.line) == ("number_as_text", "note", 5)
    assert row.value["messages"][1]["content"] == text


def test_a_missing_field_is_an_error():
    (problem,) = read({"prompt": "p", "response": "x"}, Columns("prompt", "completion"))
    assert isinstance(problem, Problem)
    assert problem.code == "missing_field"
    assert '"completion" is missing. Found keys: prompt, response.' in problem.message
