"""JSON records as answers: ``json-1``, which reads a text as one record in its one written form."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from aliquot.core.folding import fold_name

MAX_DEPTH = 50
"""Containers inside one another; what is deeper is no record of anything and is not read."""

_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL)


def read_record(text: str) -> str | None:
    r"""Return a JSON object or array in one written form, or None when the text is anything else.

    What does not count: white space, the order of keys, ``2.0`` or ``2``, one Markdown code fence around
    the whole, spelling inside texts as far as `fold_name` says, and the order of a list's items, unless
    all of them are numbers (a vector). Refused are: words before or after, a key given twice, NaN,
    infinite numbers, and more than 50 levels.

    >>> read_record('```json\n{"b": 2.0, "a": ["Iron ", "CO"]}\n```')
    '{"a":["CO","iron"],"b":2}'
    """
    fenced = _FENCE.fullmatch(text.strip())
    try:
        record = json.loads(
            fenced[1] if fenced else text, object_pairs_hook=_read_object, parse_constant=_refuse
        )
        return write_record(_normalise(record)) if isinstance(record, dict | list) else None
    except (ValueError, RecursionError):
        return None


def write_record(record: Any) -> str:
    """Return a value as JSON with sorted keys and no white space."""
    return json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def load_record(text: str) -> Any:
    """Return the value that `read_record` has written."""
    return json.loads(text)


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number; Python calls True one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _normalise(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {key: _normalise(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        items = [_normalise(inner, depth + 1) for inner in value]
        return items if all(map(is_number, items)) else sorted(items, key=write_record)
    if isinstance(value, str):
        return fold_name(value)
    return _as_number(value) if is_number(value) else value


def _as_number(value: float | int) -> float | int:
    if abs(value) > sys.float_info.max:  # 1e999 is infinite; a whole number may have any length
        raise ValueError("a number beyond what a float holds")
    return int(value) if float(value).is_integer() else value


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key given twice")
    return record


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
