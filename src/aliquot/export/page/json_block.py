"""Data for a page's script, inside the page."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup


def as_json_block(value: Any) -> Markup:
    """Return JSON that cannot end its script element: no ``<`` is left in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
