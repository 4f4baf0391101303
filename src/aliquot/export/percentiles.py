"""Lengths in percentiles, as rows of a table; for the page of a check and the data card."""

from __future__ import annotations

from collections.abc import Iterator

from aliquot.core.dataset import DataReport, Lengths
from aliquot.export.data_wording import list_splits

COLUMNS = (
    ("p5", "5 %"),
    ("p25", "25 %"),
    ("p50", "Median"),
    ("p75", "75 %"),
    ("p95", "95 %"),
    ("p99", "99 %"),
    ("longest", "Longest"),
)
"""Fields of the lengths in a token profile, with the share of rows that are no longer."""
_PARTS = {"train": ("rows", "prompts", "answers")}
"""What is listed of a split; of the others only whole rows."""


def list_percentiles(report: DataReport) -> Iterator[tuple[str, ...]]:
    """Yield what is measured, of which split, and its percentiles in tokens; nothing where none are known."""
    are_texts = report.task.task_type == "document"
    for profile in list_splits(report):
        for part in ("rows",) if are_texts else _PARTS.get(profile.split, ("rows",)):
            lengths: Lengths | None = getattr(profile.tokens, part, None)
            if lengths is not None:
                numbers = (f"{getattr(lengths, name):,}" for name, _ in COLUMNS)
                yield (f"{profile.split} {'windows' if are_texts else part}", *numbers)
