import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.columns import PAIRS, Columns, find_columns, row_reader
from aliquot.data.format import Number, Problem, Row
from aliquot.errors import InputError

PAIR = Columns("prompt", "completion")


def read(value, columns):
    return list(row_reader(columns)(5, value))


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


def test_columns_that_were_set_win_over_known_names():
    settings = DataSettings(
        prompt="Is {smiles} soluble? {{yes/no}}", answer="Colour", system="Be brief, please."
    )
    columns = find_columns(["prompt", "answer", "smiles", "colour"], settings)
    value = {"prompt": "x", "answer": "y", "smiles": "CCO", "colour": 3, "split": "test"}
    note, row = read(value, columns)
    assert [item["content"] for item in row.value["messages"]] == [
        "Be brief, please.",
        "Is CCO soluble? {yes/no}",
        "3",
    ]
    assert note.code == "number_as_text"
    assert row.value | {"messages": 0} == {"prompt": "x", "answer": "y", "split": "test", "messages": 0}
    assert row.names["messages[1].content"] == "smiles"


def test_the_other_of_a_pair_is_found_by_its_name():
    columns = find_columns(["smiles", "label", "id"], DataSettings(prompt="smiles"))
    assert (columns.prompt, columns.answer) == ("smiles", "label")
    with pytest.raises(InputError, match="all have a known name") as caught:
        find_columns(["smiles", "label", "output"], DataSettings(prompt="smiles"))
    assert caught.value.location == "data.answer"


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"prompt": "smile", "answer": "colour"}, "unknown_column", "Did you mean 'smiles'?"),
        ({"prompt": "a {colour", "answer": "colour"}, "template_invalid", "character 3"),
        ({"prompt": "a } b", "answer": "colour"}, "template_invalid", "twice"),
        ({"prompt": "{smils}", "answer": "colour"}, "unknown_column", "'smiles'"),
        ({"prompt": "smiles", "answer": "colour", "system": "colours"}, "unknown_column", "'colour'"),
    ],
)
def test_a_misspelt_column_or_template_is_refused(settings, code, words):
    with pytest.raises(InputError) as caught:
        find_columns(["smiles", "colour"], DataSettings(**settings))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_column_that_groups_rows_stays_metadata_although_the_prompt_shows_it():
    columns = find_columns(["smiles", "label"], DataSettings(prompt="smiles", group_key="smiles"))
    (row,) = read({"smiles": "CCO", "label": "red"}, columns)
    assert row.value["smiles"] == "CCO"
    assert "label" not in row.value


def test_prompts_and_answers_may_be_lists_of_messages():
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    (row,) = read({"prompt": turns, "completion": [{"role": "assistant", "content": "a"}]}, PAIR)
    assert [item["role"] for item in row.value["messages"]] == ["system", "user", "assistant"]


def test_a_blank_system_cell_is_no_system_prompt():
    columns = find_columns(["system", "prompt", "completion"])
    (row,) = read({"system": "", "prompt": "p", "completion": "c"}, columns)
    assert [item["role"] for item in row.value["messages"]] == ["user", "assistant"]


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
