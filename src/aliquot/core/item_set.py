"""Sets of items as answers: ``set-1``, which reads a list as a set in its one written form."""

from __future__ import annotations

import json

from aliquot.core.folding import fold_name
from aliquot.core.json_record import write_record

JSON_LIST = "json"
"""The separator of answers that are JSON lists of texts."""

_BULLETS = ("- ", "* ", "• ")


def read_items(text: str, separator: str) -> str | None:
    """Return the items of a list, as a sorted JSON list without duplicates, or None when there are none.

    A JSON list of texts is read whatever the separator. Otherwise the text is cut at each separator (a
    line end, ``;`` or ``,``: the one that the references use); empty parts and a bullet before an item
    do not count. Items are equal when `fold_name` says so. Only a JSON list may be empty.

    >>> read_items("TiO2; iron;Iron ", ";")
    '["TiO2","iron"]'
    """
    listed = split_items(text, JSON_LIST)
    parts = split_items(text, separator) if listed is None else listed
    if parts is None:
        return None
    items = {fold_name(part) for part in parts} - {""}
    return write_record(sorted(items)) if items or listed is not None else None


def split_items(text: str, separator: str) -> list[str] | None:
    """Return the items of a text as they stand, or None when it is no list of that kind.

    Args:
        text: An answer.
        separator: ``json`` for a JSON list of texts, else what stands between items.
    """
    if separator == JSON_LIST:
        return _read_json_list(text)
    parts = (_without_bullet(part.strip()) for part in text.split(separator or "\n"))
    return [part for part in parts if part] or None


def load_items(written: str) -> frozenset[str]:
    """Return the items that `read_items` has written."""
    return frozenset(json.loads(written))


def _without_bullet(part: str) -> str:
    return part[2:].strip() if part.startswith(_BULLETS) else part


def _read_json_list(text: str) -> list[str] | None:
    try:
        items = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return None
    return items if isinstance(items, list) and all(isinstance(item, str) for item in items) else None
