"""A conversion on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.export.verdict import describe_lines
from aliquot.workflows.convert import Conversion
from aliquot.workflows.prompts import WrittenPrompts

MAX_LINES = 5


def full(done: Conversion) -> list[RenderableType]:
    """Return what was read and written, and that nothing was left behind."""
    splits = ", ".join(f"{count:,} {name or 'without a split'}" for name, count in done.split_counts.items())
    pairs = [(f"read as {name}", reason) for name, reason in done.source_formats.items()]
    pairs += [("written as " + done.format, path) for path in done.files]
    pairs.append(("rows", f"{done.num_rows:,} read, {done.num_rows:,} written, none left behind: {splits}"))
    for finding in done.findings:
        place = describe_lines(finding, MAX_LINES)
        pairs.append((finding.severity, f"{finding.message} ({place})" if place else finding.message))
    return [facts([(Text(label), Text(words)) for label, words in pairs])]


def prompts(done: WrittenPrompts) -> list[RenderableType]:
    """Return what was written, and what to do with it."""
    repeated = f"; {done.num_repeated:,} have a prompt that others have too" if done.num_repeated else ""
    words = "put each answer beside its example_id, then aliquot evaluate ANSWERS --against the same rows"
    return [facts([("prompts", done.path), ("rows", f"{done.num_rows:,}{repeated}"), ("next", words)])]
