"""A file of answers to new rows, on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.workflows.answer_rows import AnsweredRows


def full(done: AnsweredRows) -> list[RenderableType]:
    """Return where the answers are, and how many rows have none."""
    counts = [f"{done.num_rows - done.num_errors:,} of {done.num_rows:,} rows answered"]
    if done.num_truncated:
        counts.append(f"{done.num_truncated:,} of them cut off at the longest answer")
    pairs = [("model", done.model), ("prompts from", done.columns), ("answers", ", ".join(counts))]
    if done.num_errors:
        pairs.append(("without", f"{done.num_errors:,} rows, kept with the reason: {done.first_error}"))
    pairs += [("file", done.out), ("made by", done.source)]
    return [facts([(Text(label), Text(words, overflow="fold")) for label, words in pairs])]
