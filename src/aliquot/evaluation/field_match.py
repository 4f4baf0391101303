"""Two JSON records, field by field: right, wrong, missing, extra.

A field is a value that is no object and no list (or an empty one), named by its path; the objects of a
list share the path ``events[]``. Missing is not wrong: a field that the answer lacks is told apart from
one that it gets wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

from aliquot.core.json_record import is_number, load_record

Outcome = Literal["right", "wrong", "missing", "extra"]

ROUNDING = 1e-9
"""Relative slack, so that 0.3 counts as within 0.1 of 0.2 although their floats differ."""


class Field(NamedTuple):
    """One field of a reference, of an answer, or of both."""

    path: str
    outcome: Outcome


class FieldCounts(NamedTuple):
    """Fields of one record by outcome."""

    right: int
    wrong: int
    missing: int
    extra: int

    @property
    def expected(self) -> int:
        """Fields of the reference."""
        return self.right + self.wrong + self.missing

    @property
    def answered(self) -> int:
        """Fields of the answer."""
        return self.right + self.wrong + self.extra

    @property
    def f1(self) -> float:
        """Harmonic mean of the shares of answered and of expected fields that are right."""
        return 2 * self.right / (self.expected + self.answered)


@lru_cache(maxsize=1 << 16)
def match_best(
    answer: str | None, accepted: tuple[str, ...], tolerance: float | None = None
) -> tuple[Field, ...]:
    """Return the fields of an answer against the accepted record that it meets best, by F1.

    Args:
        answer: The record as `read_record` writes it; None when unreadable: then every field is missing.
        accepted: One or more right records, written likewise; of equally good ones the first.
        tolerance: Numbers within this distance are equal.
    """
    if answer is None:
        return tuple(_list_fields(load_record(accepted[0]), "", "missing"))
    found = load_record(answer)
    matches = (tuple(compare_records(load_record(right), found, tolerance)) for right in accepted)
    return max(matches, key=lambda fields: count_fields(fields).f1)


def count_fields(fields: tuple[Field, ...]) -> FieldCounts:
    """Return how many fields have each outcome."""
    outcomes = [field.outcome for field in fields]
    return FieldCounts(*(outcomes.count(outcome) for outcome in ("right", "wrong", "missing", "extra")))


def compare_records(expected: Any, answered: Any, tolerance: float | None, path: str = "") -> list[Field]:
    """Return every field of two values.

    Objects are compared key by key. Lists of numbers only are compared place by place. The items of other
    lists are paired so that as many fields as possible are right (a maximum-weight assignment); an item
    that agrees with none in any field stays unpaired, so its fields are missing and extra, not wrong.
    """
    if _is_filled(expected, dict) and _is_filled(answered, dict):
        return _compare_objects(expected, answered, tolerance, path)
    if _is_filled(expected, list) and _is_filled(answered, list):
        return _compare_lists(expected, answered, tolerance, f"{path}[]")
    if _is_filled(expected, dict | list) or _is_filled(answered, dict | list):
        return [*_list_fields(expected, path, "missing"), *_list_fields(answered, path, "extra")]
    return [Field(path, "right" if _is_equal(expected, answered, tolerance) else "wrong")]


def _compare_objects(
    expected: dict[str, Any], answered: dict[str, Any], tolerance: float | None, path: str
) -> list[Field]:
    fields: list[Field] = []
    for key in sorted(expected.keys() | answered.keys()):
        inner = f"{path}.{key}" if path else key
        if key not in answered:
            fields += _list_fields(expected[key], inner, "missing")
        elif key not in expected:
            fields += _list_fields(answered[key], inner, "extra")
        else:
            fields += compare_records(expected[key], answered[key], tolerance, inner)
    return fields


def _compare_lists(
    expected: list[Any], answered: list[Any], tolerance: float | None, path: str
) -> list[Field]:
    if all(map(is_number, expected)) and all(map(is_number, answered)):
        shared = min(len(expected), len(answered))
        pairs = [(place, place) for place in range(shared)]
        matches = {pair: compare_records(expected[pair[0]], answered[pair[1]], tolerance) for pair in pairs}
    else:
        matches = {
            (row, column): compare_records(one, other, tolerance)
            for row, one in enumerate(expected)
            for column, other in enumerate(answered)
        }
        pairs = _assign(matches, len(expected), len(answered))
    fields = [Field(_join(path, field.path), field.outcome) for pair in pairs for field in matches[pair]]
    of_expected, of_answered = ({pair[side] for pair in pairs} for side in (0, 1))
    for place, item in enumerate(expected):
        fields += [] if place in of_expected else _list_fields(item, path, "missing")
    for place, item in enumerate(answered):
        fields += [] if place in of_answered else _list_fields(item, path, "extra")
    return fields


def _assign(
    matches: dict[tuple[int, int], list[Field]], num_rows: int, num_columns: int
) -> list[tuple[int, int]]:
    """Return the pairs that make the most fields right, by the algorithm of Crouse.

    Source: Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 1679 (2016), doi:10.1109/TAES.2016.140952.
    """
    from scipy.optimize import linear_sum_assignment  # costs start-up time

    right = np.zeros((num_rows, num_columns))
    for pair, fields in matches.items():
        right[pair] = sum(field.outcome == "right" for field in fields)
    rows, columns = linear_sum_assignment(right, maximize=True)
    return [pair for pair in zip(rows.tolist(), columns.tolist(), strict=True) if right[pair]]


def _list_fields(value: Any, path: str, outcome: Outcome) -> Iterator[Field]:
    if _is_filled(value, dict):
        for key in sorted(value):
            yield from _list_fields(value[key], f"{path}.{key}" if path else key, outcome)
    elif _is_filled(value, list):
        for item in value:
            yield from _list_fields(item, f"{path}[]", outcome)
    else:
        yield Field(path, outcome)


def _join(path: str, inner: str) -> str:
    """Return the path of a field inside a list's item, whose own path is empty or begins with a bracket."""
    return f"{path}{inner}" if not inner or inner.startswith("[") else f"{path}.{inner}"


def _is_filled(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and len(value) > 0


def _is_equal(expected: Any, answered: Any, tolerance: float | None) -> bool:
    if is_number(expected) and is_number(answered):
        limit = 0.0 if tolerance is None else tolerance + ROUNDING * max(tolerance, abs(expected))
        return expected == answered or abs(expected - answered) <= limit
    return type(expected) is type(answered) and expected == answered
