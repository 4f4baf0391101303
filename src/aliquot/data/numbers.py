"""Texts that are plain numbers."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+\-−]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+\-−]?[0-9]+,[0-9]+")


def has_decimal_comma(text: str) -> bool:
    """Return whether a text is one number with a decimal comma, as German and French write it."""
    return _DECIMAL_COMMA.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Return whether a text is one plain decimal number, without unit or thousands separator."""
    return _NUMBER.fullmatch(text.strip()) is not None
