"""Whether answers can be read as what the task says they are: the same rules by which they are scored.

Looked at before training, because an expected answer that cannot be read stops the scoring after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from aliquot.core.accepted import ACCEPTED_ANSWERS, read_accepted
from aliquot.core.dataset import Finding, Task
from aliquot.core.formula import read_formula
from aliquot.core.item_set import read_items
from aliquot.core.json_record import read_record
from aliquot.core.molecule import read_molecule
from aliquot.data.findings import describe_rows
from aliquot.data.numbers import is_number
from aliquot.data.structured_answers import SEPARATORS
from aliquot.data.table import ExampleTable


@dataclass(frozen=True, slots=True)
class Reader:
    """How answers of a task are read.

    Attributes:
        can_read: Whether a text is such an answer.
        code: Of the finding about rows whose reference is none.
        expected: What the references are, in words.
        has_alternatives: Whether a row may name further right answers.
    """

    can_read: Callable[[str], bool]
    code: str
    expected: str
    has_alternatives: bool = True


def find_reader(task: Task) -> Reader | None:
    """Return how the answers of a task are read; None for labels, which are whatever they are."""
    kind = task.task_type
    if kind == "number":
        return Reader(is_number, code="reference_not_number", expected="numbers", has_alternatives=False)
    if kind == "set":
        expected = f"sets of items, {SEPARATORS.get(task.separator, 'parted by line ends')}"
        read = partial(read_items, separator=task.separator)
        return Reader(_succeeds(read), code="reference_not_list", expected=expected)
    if kind == "json":
        return Reader(_succeeds(read_record), code="reference_not_json", expected="JSON records")
    if kind == "molecule":
        return Reader(_succeeds(read_molecule), code="reference_not_molecule", expected="molecules as SMILES")
    if kind == "composition":
        return Reader(_succeeds(read_formula), code="reference_not_formula", expected="chemical formulas")
    return Reader(lambda text: True, code="", expected="texts") if kind == "text" else None


def check_accepted(table: ExampleTable, reader: Reader) -> list[Finding]:
    """Return the rows whose ``accepted_answers`` cannot be read, so that scoring would stop at them."""
    if not reader.has_alternatives:
        return []
    places = table.find_texts(re.compile(rb'"%b"' % ACCEPTED_ANSWERS.encode())).tolist()
    bad = [place for place in places if not _can_read_all(table.find_value(place, ACCEPTED_ANSWERS), reader)]
    if not bad:
        return []
    value = table.find_value(bad[0], ACCEPTED_ANSWERS) or ""
    return describe_rows(
        table,
        np.array(bad),
        code="accepted_answers_unreadable",
        severity="error",
        field=ACCEPTED_ANSWERS,
        message=f"{ACCEPTED_ANSWERS} is {value[:60]!r}; expected is a JSON list of further right answers, "
        f"which here are {reader.expected}.",
        remedy='Write a JSON list of answers, for example ["CaO; TiO2"], or rename the field.',
    )


def _can_read_all(value: str | None, reader: Reader) -> bool:
    if value is None:  # the words stand in a message
        return True
    answers = read_accepted({ACCEPTED_ANSWERS: value})
    return answers is not None and all(map(reader.can_read, answers))


def _succeeds(read: Callable[[str], str | None]) -> Callable[[str], bool]:
    return lambda text: read(text) is not None
