"""Values of binary tables as JSON has them: dates as ISO text, numbers as they are written."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Mapping
from typing import Any

from aliquot.data.format import Number


def as_json_value(value: Any) -> Any:
    """Return a cell's value as the JSON formats give it; bytes and what has no text become None."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return as_number(value) if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return Number(str(value)) if value.is_finite() else None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): as_json_value(item) for key, item in value.items()}
    return [as_json_value(item) for item in value] if isinstance(value, (list, tuple)) else None


def as_number(value: float) -> Number | int:
    """Return a finite number without a fraction that is none: 5.0 in a table is 5."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else Number(repr(value))
