"""Which row an answer belongs to: by id, else by prompt. What is not plain is refused, with all its lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aliquot.core.dataset import StoredExample
from aliquot.data.answer_file import IDS, AnswerFile, FoundAnswer
from aliquot.errors import InputError

Missing = Literal["refuse", "wrong"]
MAX_NAMED = 20
"""Lines named in a refusal; more are counted."""
_NUMBER = re.compile(r"(\D*)(\d{1,18})")
_Index = Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class Matched:
    """The answers of a file by row.

    Attributes:
        answers: One per row, in the order of the rows; None where a row has none.
        words: What was matched by what, for people.
    """

    answers: tuple[FoundAnswer | None, ...]
    words: str


def match_answers(rows: Sequence[StoredExample], file: AnswerFile, missing: Missing = "refuse") -> Matched:
    """Return which answer each row got.

    An answer fits by the row's ``example_id``; by a field of the row that is called so (``id``,
    ``custom_id``); by the number of the row, counted from 0 or 1, where no id of the file fits otherwise; by
    the whole prompt; or by the text of the last user turn. Prompts are compared to the letter, then without
    differences of white space. Rows with one prompt share one answer, or equal ones; or each takes its own,
    where the file has one answer for each row in the order of the rows, to which all prompts agree.

    Args:
        rows: The rows to be answered, in file order.
        file: The answers.
        missing: ``wrong`` lets a row without an answer count as wrong.

    Raises:
        InputError: An answer fits no row (``answers_foreign``) or one by its id and another by its prompt
            (``answers_contradict``), a row has several (``answers_twice``), rows
            of one prompt have differing ones (``answers_ambiguous``), or a row has none
            (``answers_missing``).
    """
    ids, by_prompt = _list_ways(rows, file)
    _require_agreement(file, [answer for answer in file.answers if _contradicts(answer, ids, by_prompt)])
    places: list[list[int]] = []
    used: Counter[str] = Counter()
    for answer in file.answers:
        way, found = _find_rows(answer, [*ids, *by_prompt])
        used[way] += bool(found)
        places.append(found)
    _require_known(file, places, len(rows))
    is_in_order = _is_in_order(places, len(rows))
    by_row = list(file.answers) if is_in_order else _deal(rows, file, places)
    absent = [row for row, answer in zip(rows, by_row, strict=True) if answer is None]
    if absent and missing == "refuse":
        raise _refuse_missing(absent, len(rows), file)
    shares = is_in_order and any(len(found) > 1 for found in places)
    return Matched(tuple(by_row), _say(file, used, by_row, shares_in_order=shares))


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    keys: Callable[[FoundAnswer], Iterable[str]]
    index: _Index


def _list_ways(rows: Sequence[StoredExample], file: AnswerFile) -> tuple[list[_Way], list[_Way]]:
    """Return the ways by id, and those by prompt."""
    exact = [
        _Way("the whole prompt", _prompt_of, _index(rows, _whole_prompts)),
        _Way("the last user turn", _last_of, _index(rows, _last_turns)),
    ]
    by_prompt = [*exact, *map(_without_spacing, exact)]
    ids = [_Way("example id", _id_of, _index(rows, lambda row: [row.example_id]))]
    own = (
        _Way(f"the field {name} of the rows", _id_of, _index(rows, lambda row, name=name: _own(row, name)))
        for name in IDS
    )
    ids += [way for way in own if way.index]
    if file.ids_from is not None:
        return _number_rows(rows, file), by_prompt
    if not any(key in way.index for answer in file.answers for way in ids for key in _id_of(answer)):
        numbers = _number_rows(rows, file)
        # Numbers that a table gave its own lines say nothing about the rows: prompts do, where they differ.
        if not any(_contradicts(answer, numbers, by_prompt) for answer in file.answers):
            ids += numbers
    return ids, by_prompt


def _contradicts(answer: FoundAnswer, ids: Sequence[_Way], by_prompt: Sequence[_Way]) -> bool:
    """Whether an answer names one row by its id and another by its prompt."""
    by_id, prompts = _find_rows(answer, ids)[1], _find_rows(answer, by_prompt)[1]
    return bool(by_id and prompts) and not set(by_id) & set(prompts)


def _number_rows(rows: Sequence[StoredExample], file: AnswerFile) -> list[_Way]:
    """Return the way by row numbers, if the ids are numbers after one prefix that tell where they begin.

    They tell it by a 0, or by one that equals the number of rows; else the person has to.
    """
    found = [_NUMBER.fullmatch(answer.example_id or "") for answer in file.answers]
    if not all(found) or len({match[1] for match in found if match}) != 1:
        return []
    numbers = [int(match[2]) for match in found if match]
    is_told = file.ids_from is not None or any(number in (0, len(rows)) for number in numbers)
    first = file.ids_from if file.ids_from is not None else 0 if 0 in numbers else 1
    if not is_told or not first <= min(numbers) <= max(numbers) <= len(rows) - 1 + first:
        return []
    index = {str(number): [number - first] for number in range(first, first + len(rows))}
    return [_Way(f"the number of the test row, counted from {first}", _number_of, index)]


def _has_untold_numbers(file: AnswerFile, num_rows: int) -> bool:
    """Whether ids look like row numbers, and nobody said where these begin."""
    found = [_NUMBER.fullmatch(answer.example_id or "") for answer in file.answers]
    is_number = all(match is not None and 0 < int(match[2]) < num_rows for match in found)
    return is_number and file.ids_from is None


def _number_of(answer: FoundAnswer) -> list[str]:
    match = _NUMBER.fullmatch(answer.example_id or "")
    return [str(int(match[2]))] if match else []


def _index(rows: Sequence[StoredExample], keys: Callable[[StoredExample], Iterable[str]]) -> _Index:
    index: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for key in dict.fromkeys(keys(row)):
            index.setdefault(key, []).append(place)
    return index


def _own(row: StoredExample, name: str) -> list[str]:
    value = row.metadata.get(name, "").strip()
    return [value] if value else []


def _id_of(answer: FoundAnswer) -> list[str]:
    return [answer.example_id] if answer.example_id else []


def _whole_prompts(row: StoredExample) -> list[str]:
    """Return the whole prompt as turns, as plain texts one after the other, and as ``items.csv`` has it."""
    turns = [(message.role, message.text) for message in row.prompt]
    texts = [text for _, text in turns]
    return [_join(turns), "\n\n".join(texts), "\n".join(texts), "\n\n".join(f"{a}: {b}" for a, b in turns)]


def _prompt_of(answer: FoundAnswer) -> list[str]:
    if answer.turns:
        return [_join(answer.turns)]
    return [answer.prompt] if answer.prompt else []


def _join(turns: Sequence[tuple[str, str]]) -> str:
    """Return turns as one text that no plain prompt equals."""
    return "\x00".join(f"{role}\x01{text}" for role, text in turns)


def _last_turns(row: StoredExample) -> list[str]:
    return [message.text for message in row.prompt if message.role == "user"][-1:]


def _last_of(answer: FoundAnswer) -> list[str]:
    if answer.turns:
        return [text for role, text in answer.turns if role == "user"][-1:]
    return [answer.prompt] if answer.prompt else []


def _without_spacing(way: _Way) -> _Way:
    index: dict[str, list[int]] = {}
    for key, places in way.index.items():
        known = index.setdefault(_respace(key), [])
        known += [place for place in places if place not in known]
    return _Way(
        f"{way.name} without differences of white space",
        lambda answer: map(_respace, way.keys(answer)),
        index,
    )


def _respace(text: str) -> str:
    return " ".join(text.split())


def _find_rows(answer: FoundAnswer, ways: Sequence[_Way]) -> tuple[str, list[int]]:
    for way in ways:
        for key in way.keys(answer):
            if key in way.index:
                return way.name, sorted(way.index[key])
    return "", []


def _require_known(file: AnswerFile, places: Sequence[Sequence[int]], num_rows: int) -> None:
    foreign = [answer for answer, found in zip(file.answers, places, strict=True) if not found]
    if not foreign:
        return
    if len(foreign) == len(file.answers) and _has_untold_numbers(file, num_rows):
        raise InputError(
            f"The ids are numbers ({file.answers[0].example_id} …), but neither 0 nor {num_rows:,}, the "
            "number of test rows, is among them: whether the first row is 0 or 1 cannot be told.",
            code="answers_foreign",
            location=file.name,
            hint="Say it with --ids-from 0 or --ids-from 1, or give the prompts beside the answers.",
        )
    first = foreign[0].example_id or foreign[0].prompt or _join(foreign[0].turns[-1:]).replace("\x01", ": ")
    raise InputError(
        f"{len(foreign):,} of {len(file.answers):,} answers fit no test row, on {_lines(foreign)}; the first "
        f"is for {first[:80]!r}.",
        code="answers_foreign",
        location=file.name,
        hint="Rows were sought by example id, by their own field of that name, by number, and by prompt. "
        "Name the test file that was answered after --against, the right columns with --id-column and "
        "--prompt-column, and leave out answers to other rows.",
    )


def _require_agreement(file: AnswerFile, contradicting: Sequence[FoundAnswer]) -> None:
    if not contradicting:
        return
    raise InputError(
        f"{len(contradicting):,} of {len(file.answers):,} answers name one row by id and another by prompt, "
        f"on {_lines(contradicting)}.",
        code="answers_contradict",
        location=file.name,
        hint="If the ids are not those of the test rows, leave that column out of the file; if they are, the "
        "prompts are of another file.",
    )


def _is_in_order(places: Sequence[Sequence[int]], num_rows: int) -> bool:
    """Whether there is one answer for each row, and every answer fits the row at its own place."""
    return len(places) == num_rows and all(place in found for place, found in enumerate(places))


def _deal(
    rows: Sequence[StoredExample], file: AnswerFile, places: Sequence[Sequence[int]]
) -> list[FoundAnswer | None]:
    """Give each row its answer; rows that share a prompt get one for all, or equal ones."""
    given: dict[tuple[int, ...], list[FoundAnswer]] = {}
    for answer, found in zip(file.answers, places, strict=True):
        given.setdefault(tuple(found), []).append(answer)
    twice = [answers for found, answers in given.items() if len(answers) > len(found)]
    differing = [answers for answers in given.values() if len({_content(one) for one in answers}) > 1]
    if twice:
        raise _refuse_twice(twice, file)
    if differing:
        raise _refuse_differing(differing, file)
    by_row: list[FoundAnswer | None] = [None] * len(rows)
    clashing: list[list[FoundAnswer]] = []
    for found, answers in given.items():
        for place in found:
            other = by_row[place]
            if other is not None:
                clashing.append([other, answers[0]])
            by_row[place] = answers[0]
    if clashing:
        raise _refuse_twice(clashing, file)
    return by_row


def _content(answer: FoundAnswer) -> tuple[str, str, str]:
    return answer.output, answer.status, repr(answer.label_probabilities)


def _refuse_twice(groups: Sequence[Sequence[FoundAnswer]], file: AnswerFile) -> InputError:
    return InputError(
        f"{len(groups):,} test rows have more than one answer, on {_grouped(groups)}.",
        code="answers_twice",
        location=file.name,
        hint="Leave one answer to each row; answers of different models belong in files of their own.",
    )


def _refuse_differing(groups: Sequence[Sequence[FoundAnswer]], file: AnswerFile) -> InputError:
    return InputError(
        f"{len(groups):,} prompts stand in several test rows and have differing answers, on "
        f"{_grouped(groups)}: which answer belongs to which row cannot be told.",
        code="answers_ambiguous",
        location=file.name,
        hint="Give one answer for each test row in the order of the test file, or a column example_id: "
        "`aliquot data prompts` writes the rows with theirs.",
    )


def _refuse_missing(absent: Sequence[StoredExample], num_rows: int, file: AnswerFile) -> InputError:
    lines = [str(row.line) for row in absent[:MAX_NAMED]]
    more = f" and {len(absent) - MAX_NAMED:,} more" if len(absent) > MAX_NAMED else ""
    return InputError(
        f"{len(absent):,} of {num_rows:,} test rows have no answer: lines {', '.join(lines)}{more} of the "
        "test file.",
        code="answers_missing",
        location=file.name,
        hint="Add them, or count them as wrong with --missing wrong.",
    )


def _lines(answers: Sequence[FoundAnswer]) -> str:
    lines = ", ".join(str(answer.line) for answer in answers[:MAX_NAMED])
    more = f" and {len(answers) - MAX_NAMED:,} more" if len(answers) > MAX_NAMED else ""
    return f"line{'' if len(answers) == 1 else 's'} {lines}{more}"


def _grouped(groups: Sequence[Sequence[FoundAnswer]]) -> str:
    shown = "; ".join(_lines(group) for group in groups[:MAX_NAMED])
    return f"{shown}{f'; and {len(groups) - MAX_NAMED:,} more' if len(groups) > MAX_NAMED else ''}"


def _say(
    file: AnswerFile,
    used: Mapping[str, int],
    by_row: Sequence[FoundAnswer | None],
    *,
    shares_in_order: bool,
) -> str:
    ways = ", ".join(f"{number:,} by {way}" for way, number in used.items() if number)
    num_answered = sum(answer is not None for answer in by_row)
    parts = [f"{len(file.answers):,} answers ({file.columns}) matched: {ways}."]
    if shares_in_order:
        parts.append(
            "Some rows have the same prompt; the file keeps the order of the rows, so each took its own."
        )
    if num_answered > len(file.answers):
        parts.append(f"Rows with one prompt share an answer: {num_answered:,} rows have one.")
    if num_answered < len(by_row):
        parts.append(f"{len(by_row) - num_answered:,} rows have no answer and count as wrong.")
    failed = Counter(answer.status for answer in file.answers if answer.status != "ok")
    parts += [f"Status {status}: {number:,}." for status, number in failed.items()]
    return " ".join(parts)
