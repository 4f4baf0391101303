"""What verbs that write rows insist on: that every row could be read."""

from __future__ import annotations

from collections.abc import Iterable

from aliquot.core.dataset import Finding
from aliquot.errors import InputError


def require_readable(findings: Iterable[Finding], num_rows: int, *, hint: str = "") -> None:
    """Raise when rows that were read would be missing from what is to be written.

    Args:
        findings: What reading found.
        num_rows: Rows met.
        hint: What to do about it; the finding's own remedy when not given.

    Raises:
        InputError: With the first error, its rows, and how many kinds there are.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    first = errors[0]
    lines = f" (lines {', '.join(map(str, first.lines))})" if first.lines else ""
    more = f" Errors of {len(errors) - 1} more kinds were found." if len(errors) > 1 else ""
    raise InputError(
        f"{first.message} This concerns {first.count:,} of {num_rows:,} rows{lines}; nothing was written, so "
        f"that no row is lost.{more}",
        code=first.code,
        location=f"{first.file}:{first.lines[0]}" if first.lines else first.file,
        hint=hint or first.remedy or "Mend these rows; `aliquot check` lists every finding.",
    )
