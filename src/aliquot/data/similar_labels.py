"""Labels that look alike: one written in two ways, a plural, a misspelling; called by the task's check."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aliquot.core.dataset import Finding
from aliquot.data.keys import fold

MIN_LETTERS = 5
MIN_SIMILARITY = 90
"""In percent: 1 - insertions and deletions / characters of both (Indel), as `rapidfuzz.fuzz.ratio` has it."""
MAX_COMPARED = 1000
"""Most labels that are compared pair by pair; with more, the references are no closed set."""

_DASHES = re.compile("(?<=[^\\W\\d_])[\\-_\\s\u2010-\u2015\u2212\u00ad]+(?=[^\\W\\d_])")
"""Between letters: before a number a dash is a sign, after a letter alone it may be a charge or a grade."""
_FINAL_MARKS = " .,;:!?"
_NUMBER = re.compile(r"\d+|\b[ivx]+\b")


def check_similar_labels(labels: Sequence[str]) -> list[Finding]:
    """Return groups of labels that may be one label, and how they differ.

    Labels with different numbers (``type 1`` and ``type 2``, ``grade II`` and ``grade III``), or where one
    has something before the other (``symmetric`` and ``asymmetric``), are no misspellings.
    """
    groups = _group_by_form(labels)
    alike = [(group, _name_difference(group)) for group in groups.values() if len(group) > 1]
    first_of = {form: group[0] for form, group in groups.items()}
    plurals = list(_find_plurals(first_of))
    alike += [([first_of[form] for form in pair], "in the plural") for pair in plurals]
    misspelt = [pair for pair in _find_misspelt(first_of) if pair not in plurals]
    alike += [([first_of[form] for form in pair], "in a letter or two") for pair in misspelt]
    return [_describe(group, difference) for group, difference in alike]


def group_spellings(labels: Iterable[str]) -> list[list[str]]:
    """Return the groups of labels that differ only in case, spacing, hyphens or a final mark."""
    return [group for group in _group_by_form(labels).values() if len(group) > 1]


def _group_by_form(labels: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        groups[_form(label)].append(label)
    return groups


def _form(label: str) -> str:
    """Return a label without case, spacing, hyphens and final marks; as it stands if nothing else is left."""
    plain = fold(label)
    return _DASHES.sub("", plain.rstrip(_FINAL_MARKS)) or plain


def _name_difference(group: Sequence[str]) -> str:
    plain = {fold(label).rstrip(_FINAL_MARKS) for label in group}
    return "in case, space or a final mark" if len(plain) == 1 else "in a hyphen, dash or space"


def _find_plurals(forms: Iterable[str]) -> Iterator[tuple[str, str]]:
    known = set(forms)
    for form in forms:
        if len(form) >= MIN_LETTERS - 1:
            yield from ((form, form + ending) for ending in ("s", "es") if form + ending in known)


def _find_misspelt(first_of: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of forms that differ in a letter or two, the shorter first."""
    long = sorted((form for form in first_of if len(form) >= MIN_LETTERS), key=lambda form: (len(form), form))
    if not 1 < len(long) <= MAX_COMPARED:
        return
    from rapidfuzz import process  # costs start-up time

    numbers = {form: _NUMBER.findall(fold(first_of[form])) for form in long}
    scores = process.cdist(long, long, score_cutoff=MIN_SIMILARITY)  # by fuzz.ratio
    for row, column in zip(*(axis.tolist() for axis in scores.nonzero()), strict=True):
        short, other = long[row], long[column]
        if row < column and numbers[short] == numbers[other] and not other.endswith(short):
            yield short, other


def _describe(group: Sequence[str], difference: str) -> Finding:
    return Finding(
        code="similar_labels",
        severity="note" if "letter" in difference else "warning",
        message=f"The labels {' and '.join(map(repr, group))} differ {difference}.",
        remedy="If they mean the same, write them alike.",
    )
