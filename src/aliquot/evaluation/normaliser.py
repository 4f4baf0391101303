"""Normalisers: declared, versioned rules by which an answer's text is read.

A rule never guesses: what it cannot read whole is unparsed, and an unparsed answer counts as wrong.
A change of a rule is a new name (``labels-2``), so that stored scores keep their meaning.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aliquot.core.dataset import TaskType
from aliquot.core.folding import fold
from aliquot.core.formula import read_formula
from aliquot.core.item_set import read_items
from aliquot.core.json_record import read_record
from aliquot.core.molecule import read_molecule
from aliquot.core.spec import ScoringSpec
from aliquot.errors import InputError
from aliquot.evaluation.field_match import count_fields, match_best

NORMALISERS: dict[str, TaskType] = {
    "labels-1": "labels",
    "number-1": "number",
    "text-1": "text",
    "set-1": "set",
    "json-1": "json",
    "molecule-1": "molecule",
    "composition-1": "composition",
    "document-1": "document",
}
"""Every normaliser by name, with the task type whose answers it reads: the name without its version."""

_MINUS_SIGNS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"), "-")
_THOUSANDS_SPACE = re.compile(r"(?<=\d)[\u2009\u202f](?=\d{3}(?!\d))")
_SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_WORD = re.compile(r"(?<![\w.])[^\W\d_]\w*(?:\^[+-]?\d+)?")
_POWER_OF_TEN = re.compile(r"(?<=[0-9.])\s*[x×·*]\s*10\^(?=[+-]?[0-9])")
_NUMBER = re.compile(
    r"(?<![\w.,^])[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_CHANGES_VALUE = re.compile(
    r"\b(?:minus|negative|hundred|thousand|million|billion|trillion)\b", re.IGNORECASE
)
_RELATIONS = ("-", "+", "±", "<", ">", "≤", "≥", "<=", ">=", "/", "*", "×", "^")


@dataclass(frozen=True, slots=True)
class Normaliser:
    """A rule that reads and compares answers.

    Attributes:
        name: Name and version, as stored in the specification and printed in reports.
        task_type: Kind of answers it reads.
        read: Text of an answer → the answer in its one written form, or None when it is unreadable.
        compare: Written forms of an answer and of an expected one → the score of the answer.
    """

    name: str
    task_type: TaskType
    read: Callable[[str], str | None]
    compare: Callable[[str, str], float]


def build_normaliser(
    name: str, labels: tuple[str, ...] = (), *, separator: str = "", tolerance: float | None = None
) -> Normaliser:
    """Return the normaliser of that name.

    ``labels-1``: the whole text must equal one of ``labels`` after NFKC, case folding, joining of white
    space and removal of final punctuation. Where that would merge two labels, only outer space is
    ignored. ``number-1``: see `read_number`. ``text-1``: the folded text (as it
    stands when folding leaves nothing); empty text is unparsed. ``set-1``: see `read_items`, with the
    ``separator`` of the task. ``json-1``: see `read_record`; numbers within ``tolerance`` are equal.
    ``molecule-1``: see `read_molecule`. ``composition-1``: see `read_formula`. ``document-1``: every text as
    it stands; nothing is compared.

    Raises:
        InputError: No normaliser has that name.
        MachineError: It needs RDKit, which is not installed.
    """
    if name not in NORMALISERS:
        raise InputError(
            f"No normaliser is called {name!r}.",
            code="unknown_normaliser",
            location="evaluation.normaliser",
            hint=f"Known: {', '.join(NORMALISERS)}.",
        )
    task_type = NORMALISERS[name]
    readers: dict[TaskType, Callable[[], Callable[[str], str | None]]] = {
        "labels": lambda: _label_reader(labels),
        "number": lambda: _read_number_text,
        "set": lambda: partial(read_items, separator=separator),
        "json": lambda: read_record,
        "molecule": lambda: read_molecule,
        "composition": lambda: read_formula,
        "document": lambda: str,
    }
    read = readers[task_type]() if task_type in readers else _read_text
    return Normaliser(name, task_type, read, _comparison(task_type, tolerance))


def build_declared(spec: ScoringSpec) -> Normaliser:
    """Return the normaliser that a run's specification declares."""
    return build_normaliser(
        spec.evaluation.normaliser,
        spec.task.labels,
        separator=spec.task.separator,
        tolerance=spec.evaluation.tolerance,
    )


def read_number(text: str) -> float | None:
    """Return the one number that a text states, or None when it states none, several or an unclear one.

    Read are: a sign (also the Unicode minus), decimals with a point, an exponent (``1e-5``, ``2×10⁻³``),
    thousands separators (comma in groups of three, thin space), a name before and a unit after. Refused
    are: a second number (so also ranges, fractions, uncertainties), decimal commas, inequalities, and
    words that change the value (minus, million).

    >>> read_number("log S = −3.25")
    -3.25
    >>> read_number("between 2 and 3") is None
    True
    """
    plain = _plain_number_text(text)
    if _CHANGES_VALUE.search(plain):
        return None
    # Words may hold digits (CO2, mol L^-1); they are no second number.
    masked = _WORD.sub(lambda word: "_" * len(word[0]), plain)
    match = _NUMBER.search(masked)
    if match is None:
        return None
    before, after = masked[: match.start()].rstrip(), masked[match.end() :]
    if before.endswith(_RELATIONS) or any(char.isdigit() for char in before + after):
        return None
    value = float(match[0].replace(",", ""))
    return value if math.isfinite(value) else None


def _plain_number_text(text: str) -> str:
    powers = _SUPERSCRIPT.sub(lambda run: "^" + unicodedata.normalize("NFKC", run[0]), text)
    joined = _THOUSANDS_SPACE.sub("", powers)
    plain = unicodedata.normalize("NFKC", joined).translate(_MINUS_SIGNS).strip()
    return _POWER_OF_TEN.sub("e", plain)


def _read_text(text: str) -> str | None:
    return fold(text) or text.strip() or None


def _comparison(task_type: TaskType, tolerance: float | None) -> Callable[[str, str], float]:
    if task_type == "number":
        return lambda answer, expected: abs(float(answer) - float(expected))
    if task_type == "json":
        return lambda answer, expected: count_fields(match_best(answer, (expected,), tolerance)).f1
    return lambda answer, expected: float(answer == expected)


def _read_number_text(text: str) -> str | None:
    value = read_number(text)
    return None if value is None else repr(value)


def _label_reader(labels: tuple[str, ...]) -> Callable[[str], str | None]:
    folded = {fold(label): label for label in labels}
    if len(folded) == len(labels) and "" not in folded:
        return lambda text: folded.get(fold(text))
    exact = {label.strip(): label for label in labels}
    return lambda text: exact.get(text.strip())
