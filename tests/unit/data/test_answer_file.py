import math

import pytest

from aliquot.core.prompt import PromptAnswer
from aliquot.core.reply import Reply
from aliquot.data.answer_columns import Columns
from aliquot.data.answer_file import read_answer_file
from aliquot.data.reply import read_reply
from aliquot.errors import InputError
from aliquot.export.answered_rows import write_csv_table
from tests.fixtures.answer_files import batch_line, turns_of, write_lines, write_table
from tests.fixtures.workbooks import build_workbook


def _read(path, **columns):
    return read_answer_file(path, Columns(**columns)).answers


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize("name", ["answer", "Output", "prediction", "completion", "content"])
def test_tables_are_read_by_the_names_of_their_columns(tmp_path, suffix, name):
    path = write_table(
        tmp_path / f"a.{suffix}", [{"id": "r0", name: "high, \nhigher"}, {"id": "r1", name: "low"}]
    )
    first, second = _read(path)
    assert (first.example_id, first.output, first.line) == ("r0", "high, \nhigher", 2)
    assert (second.example_id, second.output, second.line) == ("r1", "low", 4)


def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"prompt": ["p", "q"], "answer": ["a", "b"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert [(one.prompt, one.output) for one in _read(tmp_path / "a.parquet")] == [("p", "a"), ("q", "b")]


def test_a_workbook_is_read_if_one_sheet_holds_cells(tmp_path):
    path = tmp_path / "a.xlsx"
    answers = [["id", "answer"], ["r0", "high"], [2, 1.5]]
    path.write_bytes(build_workbook({"Answers": answers, "Sheet2": []}))
    found = [(one.example_id, one.output, one.line) for one in _read(path)]
    assert found == [("r0", "high", 2), ("2", "1.5", 3)]
    path.write_bytes(build_workbook({"gpt": answers, "llama": answers}))
    with pytest.raises(InputError, match="'gpt', 'llama'; expected one") as caught:
        _read(path)
    assert caught.value.code == "ambiguous_sheet"


def test_numbers_stay_as_they_are_written(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 7, "answer": 1.10}\n')
    (answer,) = _read(path)
    assert (answer.example_id, answer.output) == ("7", "1.10")


def test_columns_may_be_named(tmp_path):
    path = write_table(tmp_path / "a.csv", [{"nr": "5", "answer": "right", "gpt": "wrong", "q": "p"}])
    (answer,) = _read(path, example_id="nr", answer="gpt", prompt="q")
    assert (answer.example_id, answer.output, answer.prompt) == ("5", "wrong", "p")
    with pytest.raises(InputError, match="no column 'gpd'; the file has nr, answer, gpt, q"):
        _read(path, answer="gpd")


def test_two_columns_that_could_be_the_answers_are_not_chosen_between(tmp_path):
    path = write_table(tmp_path / "a.csv", [{"id": "5", "answer": "x", "prediction": "y"}])
    with pytest.raises(InputError) as caught:
        _read(path)
    assert caught.value.code == "answer_column_ambiguous" and "--answer-column" in caught.value.hint


@pytest.mark.parametrize("row", [{"id": "1", "text": "x"}, {"answer": "x", "nr": "1"}])
def test_a_file_without_answers_or_without_rows_says_what_was_expected(tmp_path, row):
    with pytest.raises(InputError) as caught:
        _read(write_table(tmp_path / "a.csv", [row]))
    assert caught.value.code == "missing_columns" and "-column" in caught.value.hint


def test_results_of_openais_batches_are_read(tmp_path):
    failed = batch_line("r1", None) | {
        "response": None,
        "error": {"code": "batch_expired", "message": "late"},
    }
    refused = batch_line("r2", None, refusal="I cannot.")
    status = batch_line("r3", "x")
    status["response"]["status_code"] = 500
    cut = batch_line("r4", "half")
    cut["response"]["body"]["choices"][0]["finish_reason"] = "length"
    path = write_lines(tmp_path / "a.jsonl", [batch_line("r0", "high"), failed, refused, status, cut])
    found = [(one.example_id, one.output, one.status) for one in _read(path)]
    assert found == [
        ("r0", "high", "ok"), ("r1", "", "error"), ("r2", "I cannot.", "refused"), ("r3", "", "error"),
        ("r4", "half", "truncated"),
    ]  # fmt: skip


def test_a_response_of_openais_newer_interface_is_read(tmp_path):
    parts = [{"type": "output_text", "text": "hi"}, {"type": "output_text", "text": "gh"}]
    body = {"output": [{"type": "reasoning"}, {"type": "message", "content": parts}], "status": "completed"}
    line = {"custom_id": "r0", "response": {"status_code": 200, "body": body}}
    assert _read(write_lines(tmp_path / "a.jsonl", [line]))[0].output == "high"


def test_the_last_turn_of_logged_messages_is_the_answer(tmp_path):
    turns = [*turns_of("A warm film."), {"role": "assistant", "content": "positive"}]
    (answer,) = _read(write_lines(tmp_path / "a.jsonl", [{"messages": turns}]))
    assert answer.output == "positive" and answer.turns[-1] == ("user", "A warm film.")


def test_an_answer_beside_messages_wins_over_their_last_turn_which_is_no_prompt(tmp_path):
    turns = [*turns_of("A warm film."), {"role": "assistant", "content": "the reference"}]
    output = {"role": "assistant", "content": "positive"}
    (answer,) = _read(write_lines(tmp_path / "a.jsonl", [{"messages": turns, "output": output}]))
    assert answer.output == "positive" and answer.turns[-1] == ("user", "A warm film.")


def test_logged_requests_are_read(tmp_path):
    reply = {"choices": [{"message": {"role": "assistant", "content": "positive"}}]}
    line = {"req_payload": {"model": "m", "messages": turns_of("A warm film.")}, "resp_payload": reply}
    (answer,) = _read(write_lines(tmp_path / "a.jsonl", [line]))
    assert answer.output == "positive" and answer.turns[-1] == ("user", "A warm film.")


def test_tool_calls_are_read_as_references_are_written(tmp_path):
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"b": 1, "a": 2}'}}
    (answer,) = _read(write_lines(tmp_path / "a.jsonl", [batch_line("r0", None, tool_calls=[call])]))
    assert answer.output == '[{"arguments":{"a":2,"b":1},"name":"find"}]'


def test_probabilities_are_read_as_an_object_and_as_logarithms(tmp_path):
    objects = [{"id": "r0", "answer": "a", "label_probabilities": '{"a": 0.75, "b": 0.25}'}]
    logs = [{"id": "r0", "answer": "a", "logprob:a": math.log(0.75), "logprob:b": math.log(0.25)}]
    for path in (write_table(tmp_path / "o.csv", objects), write_table(tmp_path / "l.csv", logs)):
        assert _read(path)[0].label_probabilities == pytest.approx({"a": 0.75, "b": 0.25})


@pytest.mark.parametrize("given", ['{"a": 1.5}', '{"a": "much"}', "[1]", "often"])
def test_what_is_no_probability_is_refused_with_its_line(tmp_path, given):
    path = write_table(tmp_path / "o.csv", [{"id": "r0", "answer": "a", "label_probabilities": given}])
    with pytest.raises(InputError) as caught:
        _read(path)
    assert caught.value.code == "probabilities_invalid" and caught.value.location.endswith(":2")


def test_a_line_without_an_answer_is_refused_with_its_number(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [{"id": "r0", "answer": "a"}, {"id": "r1", "answer": None}])
    with pytest.raises(InputError) as caught:
        _read(path)
    assert caught.value.code == "answer_missing" and caught.value.location.endswith(":2")


def test_a_broken_line_is_refused_with_its_number(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "r0", "answer": "a"}\n{"id": "r1", "answer"\n')
    with pytest.raises(InputError) as caught:
        _read(path)
    assert caught.value.location.endswith(":2")


@pytest.mark.parametrize(
    "odd", [[1], {"choices": [None]}, {"body": [{}]}, {"output": [None, 3]}, {"content": {}}]
)
def test_odd_shapes_are_no_answer_and_no_crash(tmp_path, odd):
    with pytest.raises(InputError) as caught:
        _read(write_lines(tmp_path / "a.jsonl", [{"id": "r0", "answer": odd}]))
    assert caught.value.code == "answer_missing"


@pytest.mark.parametrize(
    ("choice", "reply"),
    [
        ({"message": {"content": "par"}, "finish_reason": "content_filter"}, Reply("par", "refused")),
        ({"message": {"content": "x", "refusal": "no"}, "finish_reason": "stop"}, Reply("x", "refused")),
        ({"message": {"content": None}, "finish_reason": "length"}, Reply("", "truncated")),
        ({"message": {"content": None}, "finish_reason": "stop"}, Reply("")),
    ],
)
def test_a_completion_counts_as_the_service_says(choice, reply):
    assert read_reply({"choices": [choice]}) == reply


def test_answers_that_we_wrote_to_new_rows_are_read_with_probabilities_and_status(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(
        "line,prompt,answer,status,error,probability:high,probability:low\n"
        "2,CaO,high,ok,,0.75,0.25\n3,MgO,lo,truncated,,0.5,0.5\n4,,,error,The prompt is blank.,,\n"
    )
    whole, cut, failed = read_answer_file(path, Columns()).answers
    assert whole.label_probabilities == {"high": 0.75, "low": 0.25}
    assert [whole.status, cut.status, failed.status] == ["ok", "truncated", "error"]
    assert failed.label_probabilities is None


def test_answers_of_ours_in_csv_come_back_to_the_letter(tmp_path):
    """The table marks a cell that a spreadsheet would compute; the mark is no part of the answer."""
    texts = ["-", "+", "=CC", "'t is", "plain"]
    rows = [(line, {"prompt": f"-q{line}"}) for line in range(2, 7)]
    path = tmp_path / "answers.csv"
    path.write_bytes(write_csv_table(rows, [PromptAnswer(text=text) for text in texts]))
    found = read_answer_file(path, Columns()).answers
    assert [answer.output for answer in found] == texts
    assert [answer.prompt for answer in found] == [row["prompt"] for _, row in rows]


def test_an_apostrophe_in_a_table_of_others_is_theirs(tmp_path):
    path = write_table(tmp_path / "a.csv", [{"prompt": "q", "answer": "'-x"}])
    assert read_answer_file(path, Columns()).answers[0].output == "'-x"
