"""Times written in rows, as numbers that can be ordered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np


def read_times(texts: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of M rows, and whether each could not be read.

    Plain numbers (years, steps) are taken as they are, ISO 8601 dates as seconds; where both kinds stand
    in one column, the rarer kind counts as unreadable, because the two have no common order.
    """
    numbers_M = np.array([_read_number(text) for text in texts], float)
    dates_M = np.array([_read_date(text) for text in texts], float)
    time_M = max(numbers_M, dates_M, key=lambda column_M: int(np.isfinite(column_M).sum()))
    return time_M, ~np.isfinite(time_M)


def _read_number(text: str | None) -> float:
    try:
        return float(text) if text is not None else np.nan
    except ValueError:
        return np.nan


def _read_date(text: str | None) -> float:
    """Return seconds since 1970; a date without zone counts as UTC, a year or month as its first day."""
    try:
        when = datetime.fromisoformat(f"{text}-01" if text and len(text) == len("2024-05") else text or "")
    except ValueError:
        return np.nan
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
