from collections.abc import Sequence

import pytest

from aliquot.core.conversation import Message
from aliquot.core.dataset import StoredExample
from aliquot.data.answer_file import AnswerFile, FoundAnswer
from aliquot.data.answer_match import match_answers
from aliquot.errors import InputError


def _row(number: int, prompt: str, **metadata: str) -> StoredExample:
    turns = (("system", "Classify."), ("user", prompt), ("assistant", "a"))
    messages = tuple(Message(role, text) for role, text in turns)
    return StoredExample(
        example_id=f"{number:016x}.0", line=number + 10, messages=messages, metadata=metadata
    )


ROWS = [_row(0, "first prompt", id="x7"), _row(1, "second prompt", id="x8"), _row(2, "third prompt", id="x9")]


def _file(*answers: FoundAnswer) -> AnswerFile:
    return AnswerFile("answers.csv", "0" * 64, answers, "answers from answer, rows by id")


def _answer(
    line: int, output: str, *, id: str | None = None, prompt: str | None = None, turns=()
) -> FoundAnswer:
    return FoundAnswer(line=line, example_id=id, prompt=prompt, turns=tuple(turns), output=output)


def _outputs(rows: Sequence[StoredExample], *answers: FoundAnswer, **options) -> list[str | None]:
    matched = match_answers(rows, _file(*answers), **options)
    return [answer.output if answer else None for answer in matched.answers]


@pytest.mark.parametrize(
    ("ids", "way"),
    [
        ([row.example_id for row in ROWS], "example id"),
        (["x7", "x8", "x9"], "the field id of the rows"),
        (["0", "1", "2"], "the number of the test row, counted from 0"),
        (["1", "2", "3"], "the number of the test row, counted from 1"),
        (["request-0", "request-1", "request-2"], "the number of the test row, counted from 0"),
        (["task_001", "task_002", "task_003"], "the number of the test row, counted from 1"),
    ],
)
def test_ids_in_any_order_lead_to_their_rows_and_the_way_is_told(ids, way):
    answers = [_answer(2 + place, f"to {place}", id=name) for place, name in enumerate(ids)]
    matched = match_answers(ROWS, _file(*reversed(answers)))
    assert [answer.output for answer in matched.answers if answer] == ["to 0", "to 1", "to 2"]
    assert f"3 by {way}." in matched.words


@pytest.mark.parametrize(
    ("prompts", "way"),
    [
        (
            ["Classify.\n\nfirst prompt", "Classify.\n\nsecond prompt", "Classify.\n\nthird prompt"],
            "the whole prompt",
        ),
        (["system: Classify.\n\nuser: " + row.prompt[1].text for row in ROWS], "the whole prompt"),
        (["first prompt", "second prompt", "third prompt"], "the last user turn"),
        ([" first  prompt\n", "second\tprompt", "third prompt "], "without differences of white space"),
    ],
)
def test_prompts_lead_to_their_rows(prompts, way):
    answers = [_answer(2 + place, f"to {place}", prompt=text) for place, text in enumerate(prompts)]
    matched = match_answers(ROWS, _file(*reversed(answers)))
    assert [answer.output for answer in matched.answers if answer] == ["to 0", "to 1", "to 2"]
    assert way in matched.words


def test_turns_lead_to_their_row_even_under_another_system_prompt():
    turns = [[("system", "Other."), ("user", row.prompt[1].text)] for row in ROWS]
    answers = [_answer(1 + place, str(place), turns=one) for place, one in enumerate(turns)]
    assert _outputs(ROWS, *reversed(answers)) == ["0", "1", "2"]


def test_row_numbers_that_do_not_tell_where_they_begin_are_refused():
    with pytest.raises(InputError) as caught:  # 1 and 2 of three rows: either counting would do
        _outputs(ROWS, _answer(2, "a", id="1"), _answer(3, "b", id="2"), missing="wrong")
    assert caught.value.code == "answers_foreign"


def test_row_numbers_are_not_mixed_with_ids():
    rows = [_row(0, "p", id="2"), _row(1, "q", id="0"), _row(2, "r", id="1")]
    answers = [_answer(2, "for id 2", id="2"), _answer(3, "for id 0", id="0"), _answer(4, "for id 1", id="1")]
    assert _outputs(rows, *answers) == ["for id 2", "for id 0", "for id 1"]


def test_answers_that_fit_no_row_are_all_named():
    foreign = [_answer(4, "x", prompt="unheard"), _answer(9, "y", prompt="of")]
    with pytest.raises(
        InputError, match=r"2 of 3 answers fit no test row, on lines 4, 9.*'unheard'"
    ) as caught:
        _outputs(ROWS, _answer(2, "a", prompt="first prompt"), *foreign)
    assert caught.value.code == "answers_foreign"


def test_rows_without_an_answer_are_named_by_their_lines_or_counted_as_wrong():
    answers = [_answer(2, "a", id="x8")]
    with pytest.raises(InputError, match="2 of 3 test rows have no answer: lines 10, 12 of") as caught:
        _outputs(ROWS, *answers)
    assert caught.value.code == "answers_missing" and "--missing wrong" in caught.value.hint
    matched = match_answers(ROWS, _file(*answers), "wrong")
    assert [answer is None for answer in matched.answers] == [True, False, True]
    assert "2 rows have no answer and count as wrong." in matched.words


def test_two_answers_to_a_row_are_refused_even_if_they_are_equal():
    twice = [
        _answer(2, "a", id="x7"),
        _answer(3, "a", id="x7"),
        _answer(4, "b", id="x8"),
        _answer(5, "c", id="x9"),
    ]
    with pytest.raises(InputError, match="1 test rows have more than one answer, on lines 2, 3") as caught:
        _outputs(ROWS, *twice)
    assert caught.value.code == "answers_twice"


def test_one_row_reached_by_id_and_by_prompt_has_two_answers():
    answers = [_answer(2, "a", id="x7"), _answer(3, "b", prompt="first prompt")]
    with pytest.raises(InputError, match="lines 2, 3") as caught:
        _outputs(ROWS, *answers, missing="wrong")
    assert caught.value.code == "answers_twice"


SAME = [_row(0, "same"), _row(1, "same"), _row(2, "other")]


def test_rows_with_one_prompt_share_one_answer_or_equal_ones():
    assert _outputs(SAME, _answer(2, "a", prompt="same"), _answer(3, "b", prompt="other")) == ["a", "a", "b"]
    equal = [_answer(2, "b", prompt="other"), _answer(3, "a", prompt="same"), _answer(4, "a", prompt="same")]
    assert _outputs(SAME, *equal) == ["a", "a", "b"]


def test_differing_answers_to_one_prompt_are_refused_unless_the_file_keeps_the_order_of_the_rows():
    in_order = [
        _answer(2, "a", prompt="same"),
        _answer(3, "c", prompt="same"),
        _answer(4, "b", prompt="other"),
    ]
    assert _outputs(SAME, *in_order) == ["a", "c", "b"]
    assert "the file keeps the order of the rows" in match_answers(SAME, _file(*in_order)).words
    with pytest.raises(InputError, match=r"1 prompts stand in several test rows.*lines 2, 3") as caught:
        _outputs(SAME, in_order[2], *in_order[:2])  # lines 4, 2, 3: not the order of the rows
    assert caught.value.code == "answers_ambiguous"


def test_ids_and_prompts_that_name_different_rows_are_refused_with_their_lines():
    answers = [
        _answer(2, "a", id="x7", prompt="second prompt"),
        _answer(3, "b", id="x8", prompt="first prompt"),
        _answer(4, "c", id="x9", prompt="third prompt"),
    ]
    with pytest.raises(
        InputError, match="2 of 3 answers name one row by id and another by prompt, on lines 2, 3"
    ):
        _outputs(ROWS, *answers)


def test_a_tables_own_numbers_do_not_outweigh_the_prompts():
    prompts = ["third prompt", "first prompt", "second prompt"]
    answers = [_answer(2 + n, text, id=str(1 + n), prompt=text) for n, text in enumerate(prompts)]
    assert _outputs(ROWS, *answers) == ["first prompt", "second prompt", "third prompt"]
    agreeing = [_answer(2 + n, text, id=str(3 - n), prompt=text) for n, text in enumerate(reversed(PROMPTS))]
    assert "by the number of the test row" in match_answers(ROWS, _file(*agreeing)).words


PROMPTS = [row.prompt[1].text for row in ROWS]
