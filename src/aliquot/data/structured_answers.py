"""Answers with a structure inside: JSON records, and lists of items from a recurring vocabulary.

Called by the task's inference with each different answer and how often it occurs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from aliquot.core.item_set import JSON_LIST, split_items
from aliquot.data.numbers import is_number

JSON_SHARE = 0.95
"""From this share on, references that are no JSON are taken for mistakes."""
LIST_SHARE = 0.5
"""Share of the references that list two or more items: a set may well have one member."""
MIN_LISTS = 10
RECURRING_SHARE = 0.9
"""Share of all items that stand in two references or more; the clauses of sentences hardly recur."""
MIN_USES = 3
"""References in which an item stands, on average."""
MAX_ITEM_LENGTH = 60
MAX_SHOWN = 5

SEPARATORS = {
    JSON_LIST: "as JSON lists",
    "\n": "parted by line ends",
    ";": "parted by semicolons",
    ",": "parted by commas",
}
"""How the items of a set may stand, by the name of the separator that the task records."""
_MARKS = ("\n", ";", ",")


def choose_separator(counts: Mapping[str, int]) -> str:
    """Return the separator of answers that the user calls sets: that which parts the most of them.

    Args:
        counts: How often each different answer occurs.
    """
    total = sum(counts.values())
    uses = Counter[str]()
    for text, count in counts.items():
        uses[JSON_LIST] += count if split_items(text, JSON_LIST) is not None else 0
        uses.update({mark: count for mark in _MARKS if mark in text.strip()})
    if uses[JSON_LIST] >= JSON_SHARE * total:
        return JSON_LIST
    return max(_MARKS, key=uses.__getitem__)


def find_json(counts: Mapping[str, int]) -> str | None:
    """Return the evidence that answers are JSON records, or None when they are not.

    Args:
        counts: How often each different answer occurs.
    """
    total = sum(counts.values())
    kinds: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for text, count in counts.items():
        record = _decode(text)
        if record is not None:
            kinds["objects" if isinstance(record, dict) else "arrays"] += count
            keys.update(dict.fromkeys(record, count) if isinstance(record, dict) else {})
    if not total or kinds.total() < JSON_SHARE * total:
        return None
    what = " or ".join(sorted(kinds, reverse=True))
    said = f"{kinds.total():,} of {total:,} references are JSON {what}"
    return f"{said}; keys: {_show(keys)}." if keys else f"{said}."


class FoundSet(NamedTuple):
    """That answers are sets: what parts their items, and the evidence."""

    separator: str
    reason: str


def find_set(counts: Mapping[str, int]) -> FoundSet | None:
    """Return the separator and the evidence that answers are sets of items, or None when they are not.

    Args:
        counts: How often each different answer occurs.
    """
    return next((FoundSet(mark, said) for mark in SEPARATORS if (said := _find_set_of(counts, mark))), None)


def _find_set_of(counts: Mapping[str, int], mark: str) -> str | None:
    total = sum(counts.values())
    num_lists, uses = 0, Counter[str]()
    for text, count in counts.items():
        items = set(split_items(text, mark) or ())
        if any(len(item) > MAX_ITEM_LENGTH for item in items):
            continue  # running text
        num_lists += count if len(items) > 1 else 0
        uses.update(dict.fromkeys(items, count))
    if num_lists < max(MIN_LISTS, LIST_SHARE * total) or not _is_vocabulary(uses):
        return None
    if (
        mark == JSON_LIST
        and sum(n for text, n in counts.items() if split_items(text, mark) is not None) < total
    ):
        return None  # some are other JSON
    return (
        f"{num_lists:,} of {total:,} references list several items, {SEPARATORS[mark]}: "
        f"{len(uses):,} different items, used {uses.total():,} times: {_show(uses)}."
    )


def _is_vocabulary(uses: Counter[str]) -> bool:
    recurring = sum(count for count in uses.values() if count > 1)
    num_numbers = sum(count for item, count in uses.items() if is_number(item))
    return (
        recurring >= RECURRING_SHARE * uses.total()
        and uses.total() >= MIN_USES * len(uses)
        and 2 * num_numbers < uses.total()  # a row of numbers is a vector, whose order counts
    )


def _show(counts: Counter[str]) -> str:
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    shown = ", ".join(f"{name[:40]!r} ({counts[name]:,})" for name in ordered[:MAX_SHOWN])
    return shown + (f" and {len(ordered) - MAX_SHOWN:,} more" if len(ordered) > MAX_SHOWN else "")


def _decode(text: str) -> dict | list | None:
    import msgspec

    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
