"""Texts that are plain numbers."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+\-−]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?")


def is_number(text: str) -> bool:
    """Return whether a text is one plain decimal number, without unit or thousands separator."""
    return _NUMBER.fullmatch(text.strip()) is not None
