"""Where the traceback of a bug goes: a file to attach to a report."""

from __future__ import annotations

import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path


def save_traceback(error: BaseException) -> str:
    """Write a traceback and return the path of its file."""
    text = "".join(traceback.format_exception(error))
    name = f"aliquot-bug-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    path = Path(tempfile.gettempdir()) / name
    try:
        path.write_text(text)
    except OSError:
        return ""
    return str(path)
