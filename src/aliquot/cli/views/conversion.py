"""A conversion on a terminal."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from aliquot.cli.views.layout import facts
from aliquot.workflows.convert import Conversion


def full(done: Conversion) -> list[RenderableType]:
    """Return what was read and written, and that nothing was left behind."""
    splits = ", ".join(f"{count:,} {name or 'without a split'}" for name, count in done.split_counts.items())
    pairs = [(f"read as {name}", reason) for name, reason in done.source_formats.items()]
    pairs += [("written as " + done.format, path) for path in done.files]
    pairs.append(("rows", f"{done.num_rows:,} read, {done.num_rows:,} written, none left behind: {splits}"))
    pairs += [(finding.severity, _say(finding.message, finding.lines)) for finding in done.findings]
    return [facts([(Text(label), Text(words)) for label, words in pairs])]


def _say(message: str, lines: tuple[int, ...]) -> str:
    return f"{message} (line {', '.join(map(str, lines))})" if lines else message
