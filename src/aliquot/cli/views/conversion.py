"""A conversion on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.export.verdict import describe_lines
from aliquot.workflows.convert import Conversion

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
