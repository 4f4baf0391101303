"""Templates of graders: text with ``{{ item.x }}`` and ``{{ sample.output_json.a[0] }}``, and nothing more.

A place is a path through JSON values: fields after dots or in brackets and quotes, positions in brackets.
There are no expressions, so a template from anywhere can do no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aliquot.core.conversation import read_json
from aliquot.core.grade import GradeError

PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STEP = re.compile(r"""\.([\w-]+)|\[(\d{1,9})\]|\["([^"\]]+)"\]""")
_ROOT = re.compile(r"[a-z_]+")


class GradeFault(Exception):
    """An answer that cannot be graded; it becomes a grade with an error.

    Args:
        error: The kind of error.
        detail: What was found.
    """

    def __init__(self, error: GradeError, detail: str) -> None:
        super().__init__(detail)
        self.error, self.detail = error, detail


def require_template(text: str, roots: tuple[str, ...] = ("item", "sample")) -> None:
    """Refuse a template that no values could fill.

    Raises:
        ValueError: A place is no path, or begins with another word than ``roots``.
    """
    for place in PLACE.findall(text):
        if split_path(place, roots) is None:
            expected = " or ".join(f"{{{{ {root}.… }}}}" for root in roots)
            raise ValueError(f"found the place {{{{{place}}}}}, expected {expected}")


def split_path(place: str, roots: tuple[str, ...]) -> tuple[str, tuple[str | int, ...]] | None:
    """Return the root and the steps of a place, None where it is none.

    >>> split_path(" sample.output_tools[0].function.name ", ("item", "sample"))
    ('sample', ('output_tools', 0, 'function', 'name'))
    """
    place = place.strip()
    root = _ROOT.match(place)
    if root is None or root.group() not in roots:
        return None
    steps: list[str | int] = []
    position = root.end()
    while position < len(place):
        step = _STEP.match(place, position)
        if step is None:
            return None
        steps.append(int(step[2]) if step[2] else step[1] or step[3])
        position = step.end()
    return (root.group(), tuple(steps)) if steps else None


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Return a template with its places filled: texts as they are, other values as JSON.

    Args:
        text: The template; `require_template` has seen it.
        values: By root.

    Raises:
        GradeFault: A place has no value here.
    """
    return PLACE.sub(lambda found: _as_text(find_value(found[1], values)), text)


def find_value(place: str, values: Mapping[str, Any]) -> Any:
    """Return the value at a place.

    A text that a path goes on into is read as JSON: columns of a table hold lists and records as text.

    Raises:
        GradeFault: There is none.
    """
    found = split_path(place, tuple(values))
    assert found is not None, f"{place!r} was not checked"
    root, steps = found
    value: Any = values[root]
    for step in steps:
        value = read_json(value) if isinstance(value, str) else value
        try:
            if isinstance(value, list) != isinstance(step, int):
                raise KeyError(step)
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise _no_value(place.strip(), step) from None
    return value


def _no_value(place: str, step: str | int) -> GradeFault:
    if step in ("output_json", "output_tools"):
        what = "no JSON" if step == "output_json" else "no call of a tool"
        return GradeFault("sample_parse_error", f"{place}: the answer holds {what}")
    return GradeFault("invalid_variable_error", f"{place}: there is no {step!r}")


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
